// Reads a JSON list of AsyncAPI documents; writes the list of what the official parser says of each.
import { text } from "node:stream/consumers";
import { Parser } from "@asyncapi/parser";

const said = [];
for (const document of JSON.parse(await text(process.stdin))) {
  const diagnostics = await new Parser().validate(document);
  said.push(diagnostics.map(({ code, message, path }) => ({ code, message, path: path.join("/") })));
}
process.stdout.write(JSON.stringify(said));
