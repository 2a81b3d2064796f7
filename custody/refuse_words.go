package custody

// What Chinese sentences call the words that the ledger and the API have for
// states, reasons and failures.
var chinese = map[string]string{
	string(Draft): "待审批", string(Rotating): "改密中", string(Held): "持有中", string(Retired): "已停止保管",

	string(ForOnboard): "纳入保管", string(ForReturn): "归还", string(ForTransfer): "交接", string(ForCheckin): "交回密码", string(ForAge): "到期",
	string(ForExposure): "知悉范围变化", string(ForEmergency): "紧急启用", string(ForDrift): "密码不一致", string(ForRequested): "人工申请",

	string(Offered): "待接受", string(Accepted): "已接受", string(Returned): "归还中", string(Closed): "已完成",
	string(Declined): "已拒绝", string(Cancelled): "已取消", string(Expired): "已过期",

	"unreachable": "服务器无响应", "host_key": "服务器与登记的不符", "login_refused": "登录被拒绝", "value_refused": "新密码不符合服务器的规则",
	"old_still_accepted": "旧密码仍被接受", "secret_store": "密钥库不可用", "target_error": "服务器报错", "unsupported": "目标与当前配置不符",
}

// inChinese gives the Chinese for a word of the domain. For one that has none it
// says so, rather than mixing languages: the word itself is in the English text.
func inChinese[W ~string](word W) string {
	if said, known := chinese[string(word)]; known {
		return said
	}
	return "未列明的情况"
}
