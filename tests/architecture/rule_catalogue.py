"""The ids of the rule catalogue with their titles, and what of each rule is known to be missing."""

import re
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rule:
    """A row of docs/rules.md.

    Attributes:
        title: in Chinese, as the city's people would call it.
        missing: what is not built yet although code names the rule; written by hand, empty when nothing is known.
    """

    title: str
    missing: str = ""


RULES: Mapping[str, Rule] = {
    "T1": Rule("工作日历：放假通知、调休与暂定年份", "放假通知的导入接口；市、县、单位各层日历的录入"),
    "T2": Rule("放假通知发布后重算在办时限"),
    "T3": Rule("工作日、自然时与截止时刻"),
    "T4": Rule("预警时刻（黄牌）"),
    "H1": Rule("受理范围与渠道", "各渠道的对接；催办、补充、撤回、按编号和电话查询进度；与省平台互转"),
    "H2": Rule("个人信息保护", "查看明文的留痕、访问复核、事件登记、按申请删除"),
    "H3": Rule("办结认定", "各类办结所需证据；分期办结"),
    "H4": Rule("对热线自身的时限要求", "热线自身各环节的计时"),
    "N1": Rule("容错纠错与一键举报"),
    "N2": Rule("不予受理五类情形", "紧急情形的实时转接；有新情况时的关联工单"),
    "N3": Rule("评价申诉"),
    "N4": Rule("办理档案"),
    "N5": Rule("督办"),
    "N6": Rule("调度与专题研究"),
    "N7": Rule(
        "与 110、119、120 等联动，两小时阶段性办理意见",
        "与联动单位的双向接口与回执；超时后的系统督办；专线值守与呼叫测试",
    ),
    "N8": Rule("考核原则与报表"),
    "N9": Rule("承办单位月度考核"),
    "N10": Rule("分组排名、整改报告与年度考核"),
    "N11": Rule("约谈与加分"),
    "I1": Rule("依法使用热线，限制措施", "限制措施的提出、审批、解除与复核"),
    "I2": Rule("退单与延期", "退单、延期、疑难工单的办理（现有退单窗口的计时）"),
    "I3": Rule("重办与回访"),
    "I4": Rule("全流程时限与绿黄红牌", "退单率、重办率等环节指标与阈值"),
    "I5": Rule("督办情形"),
    "I6": Rule("热线宣传与号码归并"),
    "I7": Rule(
        "知识库建设",
        "权力清单等固定栏目；满 180 天提示复核；新政策原文与解读同步、发布前保密；重大事件权威口径置顶",
    ),
    "I8": Rule("知识问答与纠错"),
    "I9": Rule("主动治理，未诉先办"),
}

RULE_ID = re.compile(r"\b(?:T[1-4]|H[1-4]|N1[01]|N[1-9]|I[1-9])\b")
