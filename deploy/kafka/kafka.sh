#!/usr/bin/env bash
# A real Kafka broker from Maven's jars, without Docker: one node on loopback for development and tests.
# Usage: kafka.sh start|stop|address [FOLDER], kafka.sh jars
#   FOLDER keeps the broker's data, ports, log and pid (absolute, or from the checkout's root); by default .kafka.
#   start and address print host:port and nothing else; everything said to people goes to stderr.
# Exit 69: Java 17 or Maven is missing.
set -euo pipefail

CDPATH='' cd "$(dirname "${BASH_SOURCE[0]}")/../.."
readonly SOURCE=deploy/kafka LIBS=.kafka/libs UNAVAILABLE=69 START_S=90 STOP_S=30
readonly FIRST_PORT=20000 PORTS=10000  # below the range that outgoing connections take their ports from
readonly JAVA="${JAVA_HOME:+$JAVA_HOME/bin/}java" PYTHON="${PYTHON:-python3}"
readonly JAVA_OPTIONS=(-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:-UsePerfData
  "-Dlog4j2.configurationFile=$SOURCE/log4j2.properties" -cp "$LIBS/*")

say() { printf 'kafka.sh: %s\n' "$*" >&2; }
die() { say "$1"; exit "${2:-1}"; }

need_java() {
  local version
  version=$("$JAVA" -version 2>&1 | sed -n 's/.*version "\([0-9]*\).*/\1/p' | head -n 1) || true
  [[ -n $version ]] || die "Java 17 or newer is needed and '$JAVA' does not run." "$UNAVAILABLE"
  ((version >= 17)) || die "Java 17 or newer is needed, '$JAVA' is $version." "$UNAVAILABLE"
}

# Released when this script ends; the broker does not inherit it (9>&-). Without flock (macOS) starts are not serialised.
lock() { exec 9>"$1"; ! command -v flock >/dev/null || flock 9; }

fetch_jars() {
  local wanted
  wanted=$(cksum <"$SOURCE/pom.xml")
  [[ $(cat "$LIBS/.pom" 2>/dev/null) != "$wanted" ]] || return 0
  command -v mvn >/dev/null || die "Maven is needed to fetch Kafka's jars and there is no 'mvn'." "$UNAVAILABLE"
  say "fetching Kafka's jars (about 45 MB)"
  rm -rf "$LIBS.new"
  LC_ALL=C.UTF-8 mvn -B -q -ntp -Dstyle.color=never -f "$SOURCE/pom.xml" dependency:copy-dependencies -DincludeScope=runtime \
    -DoutputDirectory="$PWD/$LIBS.new" >&2 || die "Maven could not fetch Kafka's jars."
  printf '%s\n' "$wanted" >"$LIBS.new/.pom"
  rm -rf "$LIBS" && mv "$LIBS.new" "$LIBS"
}

jars() (
  mkdir -p .kafka && lock .kafka/libs.lock
  fetch_jars
)

# A pid alone may have passed to another process: the command line must carry this folder's mark.
broker_pid() {
  local pid
  pid=$(cat "$STATE/pid" 2>/dev/null) && [[ $pid =~ ^[0-9]+$ ]] || return 1
  [[ $(ps -ww -o command= -p "$pid" 2>/dev/null) == *" $MARK kafka.Kafka "* ]] || return 1
  printf '%s\n' "$pid"
}

is_free() { ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

free_port() {
  local port
  while port=$((FIRST_PORT + RANDOM % PORTS)); ! is_free "$port" || [[ $port == "${1:-}" ]]; do :; done
  printf '%s\n' "$port"
}

choose_ports() {
  local port controller_port
  if read -r port controller_port 2>/dev/null <"$STATE/ports" && is_free "$port" && is_free "$controller_port"; then
    return
  fi
  port=$(free_port)
  printf '%s %s\n' "$port" "$(free_port "$port")" >"$STATE/ports"
}

write_settings() {
  local port controller_port text
  read -r port controller_port <"$STATE/ports"
  text=$(<"$SOURCE/server.properties")
  text=${text//@PORT@/$port}
  text=${text//@CONTROLLER_PORT@/$controller_port}
  printf '%s\n' "${text//@DATA@/"$STATE/data"}" >"$STATE/server.properties"
}

# meta.properties is what the formatting writes last, so one that was cut short is done again.
format_once() {
  [[ ! -f $STATE/data/meta.properties ]] || return 0
  LC_ALL=C.UTF-8 "$JAVA" "${JAVA_OPTIONS[@]}" kafka.tools.StorageTool format --standalone \
    --cluster-id "$("$PYTHON" -c 'import uuid; print(uuid.uuid4())')" --config "$STATE/server.properties" \
    >"$STATE/format.log" 2>&1 || { cat "$STATE/format.log" >&2; die "the data folder could not be formatted."; }
}

launch() {
  [[ ! -f $STATE/broker.log ]] || mv "$STATE/broker.log" "$STATE/broker.log.1"
  LC_ALL=C.UTF-8 nohup "$JAVA" -Xmx512m -XX:+ExitOnOutOfMemoryError "${JAVA_OPTIONS[@]}" "$MARK" \
    kafka.Kafka "$STATE/server.properties" </dev/null >"$STATE/broker.log" 2>&1 9>&- &
  printf '%s\n' $! >"$STATE/pid"
}

is_ready() {
  local port id
  read -r port _ <"$STATE/ports"
  id=$("$PYTHON" "$SOURCE/cluster_id.py" "$port" 2>/dev/null) && grep -qx "cluster.id=$id" "$STATE/data/meta.properties"
}

wait_until_ready() {
  local pid until_s=$((SECONDS + START_S))
  pid=$(cat "$STATE/pid")
  until is_ready; do
    kill -0 "$pid" 2>/dev/null || { tail -n 20 "$STATE/broker.log" >&2; die "the broker ended while starting."; }
    ((SECONDS < until_s)) || { tail -n 20 "$STATE/broker.log" >&2; die "no answer from the broker within $START_S s."; }
    sleep 0.1
  done
}

address() {
  local port
  broker_pid >/dev/null || { say "no broker is running"; return 1; }
  read -r port _ <"$STATE/ports"
  printf '127.0.0.1:%s\n' "$port"
}

start() {
  if ! broker_pid >/dev/null; then
    need_java
    jars
    choose_ports
    write_settings
    format_once
    launch
  fi
  wait_until_ready
  address
}

stop() {
  local pid until_s=$((SECONDS + STOP_S))
  pid=$(broker_pid) || return 0
  kill "$pid"
  while broker_pid >/dev/null; do
    ((SECONDS < until_s)) || { say "still running after $STOP_S s, ending it hard"; kill -9 "$pid"; break; }
    sleep 0.1
  done
}

enter_folder() {
  mkdir -p "$1" && [[ -w $1 ]] || die "the folder '$1' cannot be written."
  readonly STATE=$1
  # Of the absolute path, as a number: unlike the path itself it survives every shell, locale and ps unchanged.
  MARK="-Dhotline.kafka=$(CDPATH='' cd "$1" && pwd -P | cksum | tr ' ' -)"
  readonly MARK
  lock "$STATE/lock"
}

case "${1:-}" in
  jars) need_java; jars ;;
  start | stop) enter_folder "${2:-.kafka}"; "$1" ;;
  address) enter_folder "${2:-.kafka}"; address ;;
  *) sed -n '3,6s/^# //p' "${BASH_SOURCE[0]}" >&2; exit 2 ;;
esac
