"""Chinese sentences for what validation finds; none of them holds the value."""

from collections.abc import Mapping
from typing import Any

OWN_TYPE = "hotline"
"""Error type of our own validators: their message is shown as it stands."""

_MESSAGES = {
    "missing": "缺少必填项。",
    "extra_forbidden": "含有未知字段。",
    "string_type": "应为字符串。",
    "string_too_short": "不得少于 {min_length} 个字符。",
    "string_too_long": "不得超过 {max_length} 个字符。",
    "string_pattern_mismatch": "格式不符合要求。",
    "int_type": "应为整数。",
    "int_parsing": "应为整数。",
    "int_from_float": "应为整数。",
    "int_parsing_size": "整数过大。",
    "float_type": "应为数字。",
    "float_parsing": "应为数字。",
    "finite_number": "应为有限的数字。",
    "bool_type": "应为 true 或 false。",
    "bool_parsing": "应为 true 或 false。",
    "list_type": "应为数组。",
    "dict_type": "应为对象。",
    "model_type": "应为对象。",
    "model_attributes_type": "应为对象。",
    "too_short": "不得少于 {min_length} 项。",
    "too_long": "不得超过 {max_length} 项。",
    "literal_error": "应为下列值之一：{expected}。",
    "enum": "应为下列值之一：{expected}。",
    "uuid_type": "应为 UUID。",
    "uuid_parsing": "应为 UUID。",
    "uuid_version": "应为 UUID。",
    "greater_than": "应大于 {gt}。",
    "greater_than_equal": "不得小于 {ge}。",
    "less_than": "应小于 {lt}。",
    "less_than_equal": "不得大于 {le}。",
    "json_invalid": "不是有效的 JSON。",
}
_OTHERWISE = "值不符合要求。"


def message_of(error: Mapping[str, Any]) -> str:
    """The sentence for one pydantic error; limits and choices come from the schema, never the input."""
    if error["type"] == OWN_TYPE:
        return str(error["msg"])
    limits = {
        name: str(value).replace("'", "").replace(" or ", "、")
        for name, value in error.get("ctx", {}).items()
    }
    try:
        return _MESSAGES.get(error["type"], _OTHERWISE).format_map(limits)
    except KeyError:
        return _OTHERWISE
