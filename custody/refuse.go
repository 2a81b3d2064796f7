package custody

import (
	"fmt"
	"time"
)

// This file holds every sentence with which a rule refuses, in both languages,
// so that decide.go reads like the policy. Each says who or what stands in the
// way, and what to do next.

const ruleHandover = "4.4"

func refuseNotFound(what Text) *Refusal {
	return &Refusal{Code: NotFound,
		What: Text{En: "There is no such " + what.En + ".", Zh: "没有这个" + what.Zh + "。"},
		Next: Text{En: "Check the name.", Zh: "请核对名称。"}}
}

var (
	aPerson     = Text{En: "person", Zh: "人员"}
	aCredential = Text{En: "credential", Zh: "凭据"}
	aHandover   = Text{En: "handover", Zh: "交接"}
)

func refuseForbidden(role Text) *Refusal {
	return &Refusal{Code: Forbidden, Rule: "3.1",
		What: Text{En: "Only " + role.En + " may do this.", Zh: "只有" + role.Zh + "可以执行此操作。"},
		Next: Text{En: "Ask one of them.", Zh: "请联系相应人员。"}}
}

func refuseNoPolicy() *Refusal {
	return &Refusal{Code: Conflict, Rule: "4.1",
		What: Text{En: "No policy is in force yet.", Zh: "尚无生效的管理制度。"},
		Next: Text{En: "Start the service: it adopts the first one.", Zh: "请启动服务，由其采用首个管理制度。"}}
}

func refusePolicyAdopted() *Refusal {
	return &Refusal{Code: Conflict, Rule: "4.1",
		What: Text{En: "A policy is in force already.", Zh: "管理制度已经生效。"},
		Next: Text{En: "Look at it; it is not adopted twice.", Zh: "请查看现行管理制度，无需重复采用。"}}
}

func refuseClockNotBehind() *Refusal {
	return &Refusal{Code: Conflict,
		What: Text{En: "The clock is not behind the ledger: there is nothing to correct.", Zh: "时钟并未落后于台账，无需更正。"},
		Next: Text{En: "If the clock is right and nothing is decided, an operator confirms it: tandem clock confirm.", Zh: "如果时钟正确而系统仍不执行操作，请由运维人员在服务器上予以确认。"}}
}

func refuseResetMeanwhile() *Refusal {
	return &Refusal{Code: Conflict,
		What: Text{En: "The enrolment was reset meanwhile.", Zh: "注册信息已在此期间被重置。"},
		Next: Text{En: "Log in with the new one, or begin again.", Zh: "请使用新的注册信息登录，或重新开始。"}}
}

func refuseNotHolder(c Credential) *Refusal {
	return &Refusal{Code: NotHolder, Rule: ruleHandover,
		What: Text{
			En: fmt.Sprintf("%s holds %s; only the holder may do this.", c.Holder, c.Name),
			Zh: fmt.Sprintf("%s 的当前持有人是 %s，只有持有人可以执行此操作。", c.Name, c.Holder)},
		Next: Text{
			En: fmt.Sprintf("Ask %s to hand it over to you.", c.Holder),
			Zh: fmt.Sprintf("请让 %s 向您交接。", c.Holder)}}
}

func refuseNotCustodian(c Credential) *Refusal {
	return &Refusal{Code: NotCustodian, Rule: ruleHandover,
		What: Text{
			En: fmt.Sprintf("You are not a custodian of %s; %s and %s are.", c.Name, c.Primary, c.Backup),
			Zh: fmt.Sprintf("您不是 %s 的保管人；保管人是 %s（A岗）和 %s（B岗）。", c.Name, c.Primary, c.Backup)},
		Next: Text{En: "Ask one of them to do it.", Zh: "请联系其中一位保管人。"}}
}

func refuseRotating(c Credential) *Refusal {
	r := &Refusal{Code: RotationPending, Rule: ruleHandover,
		What: Text{
			En: fmt.Sprintf("The password of %s is being changed (%s); nobody holds it until the server has accepted the new one.", c.Name, c.Rotation.Reason),
			Zh: fmt.Sprintf("%s 正在改密（%s）；服务器确认新密码之前，任何人都不持有它。", c.Name, inChinese(c.Rotation.Reason))},
		Next: Text{
			En: fmt.Sprintf("Wait for it to finish; then %s holds it.", c.Rotation.Successor),
			Zh: fmt.Sprintf("请等待改密完成，之后由 %s 持有。", c.Rotation.Successor)}}
	if c.Rotation.Failure != "" {
		r.What.En += fmt.Sprintf(" Attempts so far: %d, the last failed: %s.", c.Rotation.Attempts, c.Rotation.Failure)
		r.What.Zh += fmt.Sprintf("已尝试 %d 次，最近一次失败原因：%s。", c.Rotation.Attempts, inChinese(c.Rotation.Failure))
	}
	return r
}

func refuseNoSecondAccount(c Credential) *Refusal {
	return &Refusal{Code: Conflict,
		What: Text{
			En: fmt.Sprintf("The target of %s has no second account through which a lost password could be set.", c.Name),
			Zh: fmt.Sprintf("%s 的目标系统没有可用于重置密码的第二账号。", c.Name)},
		Next: Text{
			En: "Set its password on the target back to the current one, or change it there through an account of your own and add it again.",
			Zh: "请在目标系统上将密码改回当前密码，或用其他账号修改后重新纳管。"}}
}

func refuseNothingToSet(c Credential) *Refusal {
	return &Refusal{Code: Conflict,
		What: Text{
			En: fmt.Sprintf("There is no new password of %s to set by hand now, or it was not shown to you yet.", c.Name),
			Zh: fmt.Sprintf("%s 目前没有需要手动设置的新密码，或尚未向您显示。", c.Name)},
		Next: Text{
			En: "Look at the credential: what its rotation waits for stands there.",
			Zh: "请查看该凭据：改密所处的步骤显示在其页面上。"}}
}

func refuseAccountTaken(by string) *Refusal {
	return &Refusal{Code: AccountTaken, Rule: ruleHandover,
		What: Text{
			En: fmt.Sprintf("This account is in custody already, as %s; with two credentials each change of its password would make the other's wrong.", by),
			Zh: fmt.Sprintf("该账号已由凭据 %s 保管；若有两个凭据，任何一方改密都会使另一方的密码失效。", by)},
		Next: Text{
			En: fmt.Sprintf("Use %s, or retire it first.", by),
			Zh: fmt.Sprintf("请使用 %s，或先将其停用。", by)}}
}

func refuseInactive(c Credential) *Refusal {
	return &Refusal{Code: Conflict,
		What: Text{
			En: fmt.Sprintf("%s is not in custody (%s).", c.Name, c.Phase),
			Zh: fmt.Sprintf("%s 不在保管中（%s）。", c.Name, inChinese(c.Phase))},
		Next: Text{En: "Nothing can be done with it; its history is in the ledger.", Zh: "无法对其执行操作；历史见交接台账。"}}
}

func refuseNothingToShow(c Credential) *Refusal {
	return &Refusal{Code: Conflict, Rule: ruleHandover,
		What: Text{
			En: fmt.Sprintf("You have no check-out of %s now: none was made, or it is over.", c.Name),
			Zh: fmt.Sprintf("您目前没有领取 %s 的密码：尚未领取，或领取已结束。", c.Name)},
		Next: Text{En: "Check it out.", Zh: "请领取密码。"}}
}

func refuseNoLease(c Credential) *Refusal {
	return &Refusal{Code: Conflict,
		What: Text{
			En: fmt.Sprintf("You have not checked %s out.", c.Name),
			Zh: fmt.Sprintf("您没有领取 %s 的密码。", c.Name)},
		Next: Text{En: "There is nothing to check in.", Zh: "无需归还。"}}
}

func refuseBothAway(other Person, c Credential) *Refusal {
	until := until(other)
	return &Refusal{Code: BothAway, Rule: ruleHandover,
		What: Text{
			En: fmt.Sprintf("%s, the other custodian of %s, is away%s; the two may not both be out.", other.Username, c.Name, until.En),
			Zh: fmt.Sprintf("%s 的另一位保管人 %s 外出%s；A、B岗不能同时外出。", c.Name, other.Username, until.Zh)},
		Next: Text{
			En: fmt.Sprintf("Wait until %s is back, or have the custodians changed.", other.Username),
			Zh: fmt.Sprintf("请等待 %s 回岗，或申请更换保管人。", other.Username)}}
}

func refuseNobodyPresent(primary, backup Person) *Refusal {
	return &Refusal{Code: BothAway, Rule: ruleHandover,
		What: Text{
			En: fmt.Sprintf("%s and %s are both away; one of them has to hold it.", primary.Username, backup.Username),
			Zh: fmt.Sprintf("%s 和 %s 都已外出，必须有一人持有。", primary.Username, backup.Username)},
		Next: Text{En: "Wait until one of them is back, or name other custodians.", Zh: "请等待其中一人回岗，或指定其他保管人。"}}
}

func refuseReceiverAway(receiver Person, c Credential) *Refusal {
	until := until(receiver)
	return &Refusal{Code: CounterpartAway, Rule: ruleHandover,
		What: Text{
			En: fmt.Sprintf("%s, who would receive %s, is away%s.", receiver.Username, c.Name, until.En),
			Zh: fmt.Sprintf("%s 的接收人 %s 外出%s。", c.Name, receiver.Username, until.Zh)},
		Next: Text{
			En: fmt.Sprintf("Wait until %s is back.", receiver.Username),
			Zh: fmt.Sprintf("请等待 %s 回岗。", receiver.Username)}}
}

func refuseGiverAway(giver Person, h Handover) *Refusal {
	until := until(giver)
	return &Refusal{Code: CounterpartAway, Rule: ruleHandover,
		What: Text{
			En: fmt.Sprintf("%s, who gave %s, is still away%s.", giver.Username, h.ID, until.En),
			Zh: fmt.Sprintf("交接 %s 的移交人 %s 仍外出%s。", h.ID, giver.Username, until.Zh)},
		Next: Text{
			En: fmt.Sprintf("%s has to be marked present before anything can be returned.", giver.Username),
			Zh: fmt.Sprintf("%s 须先标记在岗，之后才能归还。", giver.Username)}}
}

func refuseSelfAway(p Person) *Refusal {
	return &Refusal{Code: Conflict, Rule: ruleHandover,
		What: Text{En: "You are marked away.", Zh: "您已标记为外出。"},
		Next: Text{En: "Mark yourself present first.", Zh: "请先标记在岗。"}}
}

func refuseStillHolds(c Credential) *Refusal {
	return &Refusal{Code: HolderMustHandOver, Rule: ruleHandover,
		What: Text{
			En: fmt.Sprintf("You hold %s; whoever goes out hands over first.", c.Name),
			Zh: fmt.Sprintf("您仍持有 %s；外出前必须先交接。", c.Name)},
		Next: Text{
			En: "Offer it to the other custodian: one offer of all that you hold can also mark you away.",
			Zh: "请向另一位保管人发起交接：一次交接全部凭据，可在对方接受后自动标记您外出。"}}
}

func refuseHandoverOpen(c Credential) *Refusal {
	return &Refusal{Code: HandoverOpen, Rule: ruleHandover,
		What: Text{
			En: fmt.Sprintf("%s is part of the open handover %s.", c.Name, c.Handover),
			Zh: fmt.Sprintf("%s 属于尚未结束的交接 %s。", c.Name, c.Handover)},
		Next: Text{
			En: fmt.Sprintf("End %s first: cancel it while it is offered, return it once it is accepted.", c.Handover),
			Zh: fmt.Sprintf("请先结束 %s：未接受时取消，已接受时归还。", c.Handover)}}
}

func refuseHandoverNotOpen(h Handover) *Refusal {
	return &Refusal{Code: HandoverNotOpen, Rule: ruleHandover,
		What: Text{
			En: fmt.Sprintf("The handover %s is %s; this cannot be done with it any more, or not yet.", h.ID, h.Status),
			Zh: fmt.Sprintf("交接 %s 的状态为“%s”，不能执行此操作。", h.ID, inChinese(h.Status))},
		Next: Text{En: "Look at its present state; offer a new handover if need be.", Zh: "请查看其当前状态；如有需要可重新发起交接。"}}
}

func refuseHandoverOver() *Refusal {
	return &Refusal{Code: HandoverNotOpen, Rule: ruleHandover,
		What: Text{En: "This handover is over.", Zh: "此交接已结束。"},
		Next: Text{En: "Offer a new handover if need be.", Zh: "如有需要可重新发起交接。"}}
}

func refuseNotParty(h Handover) *Refusal {
	return &Refusal{Code: Forbidden, Rule: ruleHandover,
		What: Text{
			En: fmt.Sprintf("The handover %s is from %s to %s; this step is not yours.", h.ID, h.From, h.To),
			Zh: fmt.Sprintf("交接 %s 由 %s 移交给 %s，此步骤不由您执行。", h.ID, h.From, h.To)},
		Next: Text{En: "The person concerned has to do it.", Zh: "请由相应人员执行。"}}
}

func refuseNothingHeld() *Refusal {
	return &Refusal{Code: Conflict,
		What: Text{En: "You hold nothing.", Zh: "您未持有任何凭据。"},
		Next: Text{En: "There is nothing to hand over.", Zh: "无需交接。"}}
}

func refuseExists(what Text) *Refusal {
	return &Refusal{Code: Conflict,
		What: Text{En: "A " + what.En + " of this name exists already.", Zh: "同名的" + what.Zh + "已存在。"},
		Next: Text{En: "Choose another name; names are never used again.", Zh: "请换一个名称；名称不会重复使用。"}}
}

func refuseAlreadyAway() *Refusal {
	return &Refusal{Code: Conflict,
		What: Text{En: "You are marked away already.", Zh: "您已标记为外出。"},
		Next: Text{En: "Mark yourself present when you are back.", Zh: "回岗后请标记在岗。"}}
}

func refuseUnauthenticated() *Refusal {
	return &Refusal{Code: Unauthenticated,
		What: Text{En: "The log-in was not accepted.", Zh: "登录未通过。"},
		Next: Text{En: "Check user name, password and code.", Zh: "请核对用户名、密码和验证码。"}}
}

func refuseNotEnrolled() *Refusal {
	return &Refusal{Code: Unauthenticated, Rule: "3.2",
		What: Text{En: "Your authenticator has not been proved yet.", Zh: "您的身份验证器尚未通过验证。"},
		Next: Text{En: "Log in with a code of it first.", Zh: "请先用其验证码登录。"}}
}

func refuseLocked(p Person, now time.Time) *Refusal {
	wait := p.LockedUntil.Sub(now)
	return &Refusal{Code: LockedOut, Rule: "3.2", RetryAfter: wait,
		What: Text{
			En: fmt.Sprintf("Too many wrong codes: your confirmations are locked until %s.", clockTime(p.LockedUntil)),
			Zh: fmt.Sprintf("验证码错误次数过多，您的确认操作已被锁定至 %s。", clockTime(p.LockedUntil))},
		Next: Text{
			En: inSeconds(wait).En + " Or have an admin or a manager unlock you.",
			Zh: inSeconds(wait).Zh + "也可请管理员或主管为您解锁。"}}
}

func refuseWrongCode(left int) *Refusal {
	return &Refusal{Code: TOTPInvalid, Rule: ruleHandover,
		What: Text{En: "The code is not right.", Zh: "验证码不正确。"},
		Next: Text{
			En: fmt.Sprintf("Type the six digits that your authenticator shows now, and check its clock. Tries left: %d.", left),
			Zh: fmt.Sprintf("请输入身份验证器当前显示的六位数字，并检查其时钟。剩余次数：%d。", left)}}
}

// refuseLastWrongCode is for the wrong code that locks: there is no try left.
func refuseLastWrongCode(now time.Time, wait time.Duration) *Refusal {
	until := clockTime(now.Add(wait))
	return &Refusal{Code: TOTPInvalid, Rule: ruleHandover, RetryAfter: wait,
		What: Text{
			En: fmt.Sprintf("The code is not right, and it was the last try: your confirmations are locked until %s.", until),
			Zh: fmt.Sprintf("验证码不正确，且已无剩余次数：您的确认操作已被锁定至 %s。", until)},
		Next: inSeconds(wait)}
}

// clockTime writes when something ends, to the second that has fully passed.
func clockTime(t time.Time) string {
	return t.Add(time.Second - time.Nanosecond).UTC().Format("2006-01-02 15:04:05 UTC")
}

func refuseReplayed(p Person, now time.Time) *Refusal {
	// The next code that can work belongs to the step after the last burned
	// one, or to the current one when that is later; skew may let it pass a
	// little earlier, which nobody should have to know.
	period := int64(p.TOTPPeriod)
	wait := time.Unix((p.LastStep+1)*period, 0).Sub(now)
	if wait <= 0 {
		wait = time.Unix((now.Unix()/period+1)*period, 0).Sub(now)
	}
	if wait > time.Hour { // a clock that was ahead burned a step of the future
		return &Refusal{Code: TOTPReplayed, Rule: ruleHandover,
			What: Text{
				En: "Your last code was used while the server's clock was ahead; codes of now are older.",
				Zh: "您上次使用动态口令时服务器时钟偏快，当前的口令早于该口令。"},
			Next: Text{
				En: "Have an admin reset your log-in, or use a recovery code: a new authenticator begins anew.",
				Zh: "请由管理员重置您的登录，或使用恢复码：新的身份验证器将重新开始。"}}
	}
	return &Refusal{Code: TOTPReplayed, Rule: ruleHandover, RetryAfter: wait,
		What: Text{En: "This code was already used; one code confirms one intention.", Zh: "该验证码已使用过；一个验证码只能确认一次操作。"},
		Next: inSeconds(wait)}
}

func refuseArriving(c Credential) *Refusal {
	return &Refusal{Code: Conflict,
		What: Text{
			En: fmt.Sprintf("The secrets that came with %s are not in their place in the secret store yet; its first rotation begins then.", c.Name),
			Zh: fmt.Sprintf("随 %s 提交的密钥尚未移至密钥库中的最终位置；移动完成后才开始首次改密。", c.Name)},
		Next: Text{En: "Wait: they are moved as soon as the secret store can be reached.", Zh: "请等待：密钥库可用后会自动移动。"}}
}

func refuseNothingArrives(c Credential) *Refusal {
	return &Refusal{Code: Conflict,
		What: Text{
			En: fmt.Sprintf("No secrets of %s are on their way.", c.Name),
			Zh: fmt.Sprintf("%s 没有正在移动的密钥。", c.Name)},
		Next: Text{En: "There is nothing to report.", Zh: "无需报告。"}}
}

func refuseLateReport(id RotationID) *Refusal {
	return &Refusal{Code: Conflict,
		What: Text{
			En: fmt.Sprintf("Rotation %d of %s is not at this step.", id.Number, id.Credential),
			Zh: fmt.Sprintf("%s 的第 %d 次改密不在此步骤。", id.Credential, id.Number)},
		Next: Text{En: "Look at how far its rotation has come, and go on from there.", Zh: "请查看其改密进度并从该处继续。"}}
}

func inSeconds(wait time.Duration) Text {
	seconds := int64((wait + time.Second - 1) / time.Second)
	return Text{
		En: fmt.Sprintf("Try again with a fresh code in %d s.", seconds),
		Zh: fmt.Sprintf("请在 %d 秒后使用新的验证码重试。", seconds)}
}

func until(p Person) Text {
	if p.AwayUntil.IsZero() {
		return Text{}
	}
	at := p.AwayUntil.Format("2006-01-02 15:04 MST")
	return Text{En: " until " + at, Zh: "至 " + at}
}
