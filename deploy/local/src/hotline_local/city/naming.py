"""What people read for the words of the contract."""

STATE_NAMES = {
    "dispatch_pending": "待派单",
    "sign_pending": "待签收",
    "handling": "办理中",
    "reply_review": "待审核",
    "follow_up": "待回访",
    "closed": "已办结",
}

CHANNEL_NAMES = {
    "phone": "电话", "web": "网页", "wechat": "微信", "app": "手机应用",
    "email": "邮件", "linkage": "110等联动", "province": "省平台", "import": "导入",
}  # fmt: skip

REASON_NAMES = {
    "emergency": "紧急情形",
    "statutory_channel": "法定途径",
    "other_body": "其他机关",
    "repeat": "重复",
    "secrecy": "涉密",
}

OUTCOME_NAMES = {"accepted": "形成工单", "declined": "不予受理", "pending": "待筛查"}

DUTY_NAMES = {
    "sign": "签收",
    "handle": "办理",
    "interim_feedback": "阶段性意见",
    "redo": "重办",
    "follow_up": "回访",
}

LEVEL_NAMES = {
    "very_satisfied": "非常满意",
    "satisfied": "满意",
    "basically_satisfied": "基本满意",
    "dissatisfied": "不满意",
    "very_dissatisfied": "非常不满意",
}

ENDING_NAMES = {
    "rated": "已评价", "unreachable": "联系不上", "refused": "拒绝评价",
    "wrong_number": "号码有误", "not_needed": "无联系方式", "open": "进行中",
}  # fmt: skip

GROUP_NAMES = {
    "county": "县区和管委会",
    "department": "市级部门",
    "public_service": "公共服务单位",
    "provincial": "省属驻市单位",
}
