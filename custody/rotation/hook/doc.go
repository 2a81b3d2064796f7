// Package hook tells dependents of a password the new one: services, jobs and
// other hosts that log in with it.
//
// It knows how to run a program and how to post a request, and of a dependent
// only where it is. It must not know when there is something to tell, what is
// tried again, nor any product that keeps secrets.
//
// # A command
//
// The program is run without a shell, with the arguments of the configuration
// and no others, in the folder / and a process group of its own. It reads the
// password and a line feed from its standard input, to the end. Its environment
// is PATH and, to say whose password it is,
//
//	TANDEM_CREDENTIAL, TANDEM_KIND, TANDEM_ADDRESS, TANDEM_ACCOUNT, TANDEM_VERSION
//
// What it writes goes to /dev/null: it could hold the password. Exit status 0
// says that the dependent has it. When its time is over, all of its process
// group is killed. What it leaves running when it ends by itself is its own
// affair, and keeps nobody waiting.
//
// # A request
//
// The receiver is posted JSON, over https or to this machine:
//
//	{"credential": "db01-app", "kind": "postgres", "address": "db01:5432", "account": "app",
//	 "version": 7, "wrapping_token": "hvs.…", "expires_at": "2026-03-02T08:02:00Z"}
//
// The password is not in it. The receiver takes it out of the secret store with
// the wrapping token, which does that once: one that is used already says that
// somebody else has read the password. Any 2xx says that the dependent has it;
// redirects are not followed, and bodies not read. A token that was not used ends
// by itself. It is not taken back when the request fails: the receiver could be
// about to use it, and would have to raise the alarm.
//
// # Either
//
// The same password may be told more than once, as nobody knows what became of a
// telling that was cut short. The version tells an older one from a newer.
package hook
