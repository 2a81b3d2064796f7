// Package channel hands single messages to rooms that a group reads: DingTalk, WeCom,
// Feishu and Lark, Slack, Teams, and whatever takes a signed webhook.
//
// It knows the services' requests, signatures, limits and answers, and which failures
// are worth another try. It must not know what a message is about, nor whom it concerns.
//
// # What never leaves it
//
// A room's URL has its token in it. Neither that nor the secret that signs is in any
// error: what the standard library says of a failed request quotes the URL, and what a
// service answers may quote anything, so an error says what kind of failure it was, and
// the code that the service answered, in words that stand here.
//
// # What a service takes
//
// Text, a title and a link. There is no button that decides anything, and nothing in a
// message is read as markup: what could be is made harmless for each service.
//
// # Where this is from
//
//	DingTalk   open.dingtalk.com, "Custom robot access", "Security settings"
//	WeCom      developer.work.weixin.qq.com/document/path/91770
//	Feishu     open.feishu.cn/document/client-docs/bot-v3/add-custom-bot
//	webhooks   www.standardwebhooks.com, version 1
//	Slack      docs.slack.dev, "Sending messages using incoming webhooks"
//	Teams      learn.microsoft.com, "Create incoming webhooks with Workflows"
package channel
