"""What a requester is told when a request is declined: one text for each class. Source: rule N2.

These are the texts of first use; a person who declines may give a better fitting one instead.
"""

from collections.abc import Mapping

from hotline_contracts.values import DeclineReason

GUIDANCE: Mapping[DeclineReason, str] = {
    "emergency": (
        "您反映的情况属于紧急警情、火情、急救等事项，请立即直接拨打相应的紧急电话："
        "报警110、火警和应急救援119、医疗急救120、交通事故122。情况危急时请先保证自身安全。"
    ),
    "statutory_channel": (
        "您反映的事项已进入或者依法应当通过诉讼、仲裁、行政裁决、纪检监察、行政复议、政府信息公开、"
        "信访等法定途径办理，热线不再受理。请向相应的主管机关提出，或者向正在办理该事项的机关了解进展。"
    ),
    "other_body": (
        "您反映的事项属于党委、人大、政协、监察机关、审判机关、检察机关、军队等单位的职责范围，"
        "不属于政务服务便民热线的受理范围，请直接向该单位反映。"
    ),
    "repeat": (
        "您反映的同一事项正在办理或者已经办结，本次未提出新的事实或者理由，不再重复受理。"
        "您可以凭原工单编号查询办理进展和结果；如有新的事实或者理由，欢迎随时补充。"
    ),
    "secrecy": (
        "您反映的内容可能涉及国家秘密、商业秘密或者个人隐私，热线不予受理，也不保存相关内容。"
        "请通过符合保密规定的途径向主管机关反映。"
    ),
}
