package config

import "time"

// Config is all that an installation can be told. The tags are the keys.
type Config struct {
	Listen    string `koanf:"listen"`     // host:port of the API
	PublicURL string `koanf:"public_url"` // what people and clients call it; "": made from listen
	TLS       TLS    `koanf:"tls"`        // both or neither

	// TrustedProxies are the addresses or networks of the proxies in front, which
	// say in X-Forwarded-For where a request came from. Without them all who come
	// through a proxy are one client.
	TrustedProxies []string `koanf:"trusted_proxies"`

	MetricsListen        string        `koanf:"metrics_listen"`         // host:port of /healthz, /readyz and /metrics; "": nowhere
	Database             string        `koanf:"database"`               // "sqlite:PATH", or a PostgreSQL server's postgres://USER@HOST/NAME
	DatabasePasswordFile string        `koanf:"database_password_file"` // of that server; "": PGPASSWORD or PGPASSFILE, as with psql
	Secrets              string        `koanf:"secrets"`                // "embedded" or "vault": which section counts
	Embedded             EmbeddedStore `koanf:"embedded"`
	Vault                VaultStore    `koanf:"vault"`
	Policy               Policy        `koanf:"policy"`
	Ledger               Ledger        `koanf:"ledger"`
	SessionTTL           time.Duration `koanf:"session_ttl"` // a log-in ends after this
	Notify               Notify        `koanf:"notify"`      // messages to people and groups
	Log                  Log           `koanf:"log"`

	PasswordPolicies []PasswordPolicy `koanf:"password_policies"` // for credentials that name one
	Rotation         Rotation         `koanf:"rotation"`
	Envelopes        Envelopes        `koanf:"envelopes"`
	Dependents       []Dependent      `koanf:"dependents"` // that are told new passwords, for credentials that name them

	Backups string `koanf:"backups"` // folder that backups are put into, so that it can be said how old the newest is; "": nobody looks
}

// The values of Config.Secrets.
const (
	Embedded = "embedded"
	Vault    = "vault"
)

// The values of VaultAuth.Method.
const (
	AppRole   = "approle"
	TokenFile = "token_file"
)

// Envelopes says where the files are written that open when Tandem is down. Whose they are
// is the policy's.
type Envelopes struct {
	Folder string `koanf:"folder"` // absolute, on another disk or mount, and no link; "": none are made
}

// TLS names the PEM files of the API's certificate.
type TLS struct {
	Cert string `koanf:"cert"` // with what lies between it and an authority that clients know
	Key  string `koanf:"key"`  // private; without a passphrase
}

// EmbeddedStore is the secret store in one file, for one machine.
type EmbeddedStore struct {
	Path           string `koanf:"path"`            // of the file, encrypted; made by the first start
	KeyFile        string `koanf:"key_file"`        // made with mode 0600 when it is not there
	PassphraseFile string `koanf:"passphrase_file"` // instead of key_file
}

// VaultStore says where HashiCorp Vault is and as whom to log in.
type VaultStore struct {
	Address        string    `koanf:"address"`         // https://HOST:8200
	Namespace      string    `koanf:"namespace"`       // of Vault Enterprise; "": none
	CA             string    `koanf:"ca"`              // PEM file; "": the system's
	Mount          string    `koanf:"mount"`           // of the KV v2 engine
	TransitMount   string    `koanf:"transit_mount"`   // of the Transit engine
	TransitKey     string    `koanf:"transit_key"`     // that signs the ledger
	PasswordPolicy string    `koanf:"password_policy"` // that makes passwords
	LDAPMount      string    `koanf:"ldap_mount"`      // of the LDAP engine with static roles that Tandem has custody of; "": none
	DatabaseMount  string    `koanf:"database_mount"`  // of the database engine with such
	WrapKeyFile    string    `koanf:"wrap_key_file"`   // the key that values are wrapped with before they reach Vault; "": they are not
	Auth           VaultAuth `koanf:"auth"`

	// AllowHTTP lets secrets go to another machine in clear: between
	// containers on one host, for trying it out.
	AllowHTTP bool `koanf:"allow_http"`
}

// VaultAuth is the log-in at Vault.
type VaultAuth struct {
	Method       string `koanf:"method"`         // "approle" or "token_file"
	Mount        string `koanf:"mount"`          // of the AppRole method
	RoleID       string `koanf:"role_id"`        // no secret by itself
	RoleIDFile   string `koanf:"role_id_file"`   // instead of role_id
	SecretIDFile string `koanf:"secret_id_file"` // with "approle"
	Wrapped      bool   `koanf:"wrapped"`        // that file holds a response-wrapping token instead
	TokenFile    string `koanf:"token_file"`     // with "token_file"; read again when it changes
}

// Policy is the part of the company's policy that is a matter of degree.
type Policy struct {
	Lease            time.Duration `koanf:"lease"`             // longest check-out
	OfferTTL         time.Duration `koanf:"offer_ttl"`         // a handover that nobody accepts expires
	RotationDeadline time.Duration `koanf:"rotation_deadline"` // past it, a rotation is a serious event
	LockAfter        int           `koanf:"lock_after"`        // wrong codes in a row
	LockBase         time.Duration `koanf:"lock_base"`         // first lock-out; each further one doubles it
	LockMax          time.Duration `koanf:"lock_max"`          // longest lock-out
	TOTPSkew         int           `koanf:"totp_skew"`         // steps before and after the current one
	SessionIdle      time.Duration `koanf:"session_idle"`      // a log-in that nobody uses for this long ends
	ApproveWithin    time.Duration `koanf:"approve_within"`    // an emergency that nobody approved by then lapses
	SilenceAfter     time.Duration `koanf:"silence_after"`     // nobody has answered for this long: it is granted, where a credential's policy allows it
	UseWithin        time.Duration `koanf:"use_within"`        // one that was granted, and that nobody used by then, lapses
	HoldFor          time.Duration `koanf:"hold_for"`          // it ends after this at the latest
	ReviewWithin     time.Duration `koanf:"review_within"`     // somebody looks at it by then; later is a serious event
	SignatureTTL     time.Duration `koanf:"signature_ttl"`     // what was signed ahead of an absence longer ago moves nothing
	AbsenceWait      time.Duration `koanf:"absence_wait"`      // how long a password that is being changed is waited for, when an absence begins
	RemindFirst      time.Duration `koanf:"remind_first"`      // somebody is reminded this long before their absence
	RemindLast       time.Duration `koanf:"remind_last"`       // and once more, later than that
	DrillEvery       time.Duration `koanf:"drill_every"`       // each keyholder opens an envelope in a drill at least this often
	Approvals        string        `koanf:"approvals"`         // that what changes who may do what needs: two, one or none
	Exclusive        string        `koanf:"exclusive"`         // which roles one person may not have together: strict or auditor_only
	ReviewBy         string        `koanf:"review_by"`         // a day, "2027-06-30": the policy must be reviewed before; "": a year less a day after it was adopted
}

// How many people beside whoever asks have to approve what changes who may do what.
const (
	ApprovedByTwo  = "two"
	ApprovedByOne  = "one"
	ApprovedByNone = "none"
)

// Which roles one person may not have together: auditor and any other, and if strict,
// admin and technician, manager or director.
const (
	ExclusiveStrict  = "strict"
	ExclusiveAuditor = "auditor_only"
)

// Rotation says what the rotation worker does of its own accord.
type Rotation struct {
	VerifyEvery   time.Duration `koanf:"verify_every"`   // each password is tried on its target once in this; 0: never
	LockoutWindow time.Duration `koanf:"lockout_window"` // for how long nothing is tried where a log-in was refused
}

// PasswordPolicy says what passwords look like, in the language of Vault's
// password policies (HCL), whichever the secret store is.
type PasswordPolicy struct {
	Name string `koanf:"name"` // by which credentials name it
	File string `koanf:"file"` // HCL
}

// Dependent is what else uses a password, and how it is told each new one: by a
// program on this machine, or by a request with a one-time token of Vault's.
type Dependent struct {
	Name    string        `koanf:"name"`     // by which credentials name it
	Command []string      `koanf:"command"`  // absolute path of the program, and its arguments
	URL     string        `koanf:"url"`      // that is told, instead of a program that is run
	URLFile string        `koanf:"url_file"` // instead: the file that has that URL, when it has a secret in it
	Timeout time.Duration `koanf:"timeout"`  // 0: 30s, which is the longest, too

	// With a URL.
	CA        string `koanf:"ca"`         // PEM file; "": the system's
	TokenFile string `koanf:"token_file"` // holds the bearer token by which the receiver knows Tandem; "": none
}

// LongestTimeout is the longest Dependent.Timeout, as the rotation worker waits
// no longer for anything.
const LongestTimeout = 30 * time.Second

// Ledger names the ledger, and says where its checkpoints go.
type Ledger struct {
	Origin     string     `koanf:"origin"`     // in every checkpoint; can never change
	Witnesses  []Witness  `koanf:"witnesses"`  // that are asked to cosign each checkpoint
	Need       int        `koanf:"need"`       // so many cosignatures make a checkpoint witnessed; 0: any one
	Deliveries []Delivery `koanf:"deliveries"` // of checkpoints, on a schedule
	Stream     Stream     `koanf:"stream"`     // of entries, as they come
}

// Stream sends every entry to a security information system by syslog over TLS
// (RFC 5425).
type Stream struct {
	Address string `koanf:"address"` // host:port; "": nowhere
	Format  string `koanf:"format"`  // "json" or "cef"
	CA      string `koanf:"ca"`      // PEM file; "": the system's
	Cert    string `koanf:"cert"`    // PEM files by which the receiver knows us; both or neither
	Key     string `koanf:"key"`     // private
}

// The values of Stream.Format.
const (
	StreamJSON = "json"
	StreamCEF  = "cef"
)

// Witness is one that cosigns checkpoints (C2SP tlog-witness).
type Witness struct {
	URL string `koanf:"url"` // its submission prefix
	Key string `koanf:"key"` // its verifier key, as tandem witness prints it
}

// Delivery says where checkpoints are sent, to one place, and how often.
type Delivery struct {
	File        string        `koanf:"file"`         // they are appended to it
	Webhook     string        `koanf:"webhook"`      // URL that they are posted to
	WebhookFile string        `koanf:"webhook_file"` // instead: the file that has that URL, when it has a secret in it
	Email       string        `koanf:"email"`        // address that they are mailed to, through notify.smtp
	Every       time.Duration `koanf:"every"`        // between two of them
}

// Notify says how people are told what they must know: each by e-mail, and groups by
// channels. The links in the messages begin with public_url.
type Notify struct {
	SMTP     SMTP      `koanf:"smtp"`
	From     string    `koanf:"from"`     // "Tandem <tandem@example.org>", or the address alone
	Language string    `koanf:"language"` // en or zh, for those who have chosen none
	Channels []Channel `koanf:"channels"` // rooms that groups read
}

// Channel is a room that a group reads, in a service of its own.
type Channel struct {
	Name       string   `koanf:"name"`        // on record: "ops-dingtalk"
	Kind       string   `koanf:"kind"`        // dingtalk, wecom, feishu, lark, webhook, slack or teams
	URLFile    string   `koanf:"url_file"`    // the file that has the room's URL, with the token in it
	SecretFile string   `koanf:"secret_file"` // that signs; for dingtalk, feishu, lark and webhook
	CA         string   `koanf:"ca"`          // PEM file; "": the system's
	Grades     []string `koanf:"grades"`      // that it is told of; none: serious and special
	Language   string   `koanf:"language"`    // en or zh; "": that of notify
	Reaches    []string `koanf:"reaches"`     // usernames of who reads it: a message about an emergency has then reached them
}

// ToldOf gives the grades that a channel is told of.
func (c Channel) ToldOf() []string {
	if len(c.Grades) == 0 {
		return []string{"serious", "special"}
	}
	return c.Grades
}

// SMTP is the mail server that takes all mails.
type SMTP struct {
	Address      string `koanf:"address"`       // host:port; "": no mails
	TLS          string `koanf:"tls"`           // "starttls", "tls", or "off", only to a server on this machine
	CA           string `koanf:"ca"`            // PEM file; "": the system's
	Helo         string `koanf:"helo"`          // by what name to greet it; "": this machine's full name, or its address
	Username     string `koanf:"username"`      // "": no log-in
	PasswordFile string `koanf:"password_file"` // both or neither
}

// The values of SMTP.TLS.
const (
	StartTLS    = "starttls"
	ImplicitTLS = "tls"
	NoTLS       = "off" // only to a server on this machine
)

// Log says what is logged, on stderr, and how.
type Log struct {
	Level  string `koanf:"level"`  // debug, info, warn or error
	Format string `koanf:"format"` // text or json
}

// Default is what counts where nothing is said. It lacks what nobody can guess:
// where the secrets are, and the ledger's name.
func Default() Config {
	return Config{
		Listen:   "127.0.0.1:8700",
		Database: "sqlite:tandem.db",
		Vault: VaultStore{
			Mount:          "tandem",
			TransitMount:   "transit",
			TransitKey:     "tandem-ledger",
			PasswordPolicy: "tandem",
			Auth:           VaultAuth{Method: AppRole, Mount: "approle"},
		},
		Policy: Policy{
			Lease:            8 * time.Hour,
			OfferTTL:         24 * time.Hour,
			RotationDeadline: time.Hour,
			LockAfter:        5,
			LockBase:         30 * time.Second,
			LockMax:          time.Hour,
			TOTPSkew:         1,
			SessionIdle:      15 * time.Minute,
			ApproveWithin:    30 * time.Minute,
			SilenceAfter:     15 * time.Minute,
			UseWithin:        time.Hour,
			HoldFor:          4 * time.Hour,
			ReviewWithin:     72 * time.Hour,
			SignatureTTL:     30 * 24 * time.Hour,
			AbsenceWait:      30 * time.Minute,
			RemindFirst:      24 * time.Hour,
			RemindLast:       2 * time.Hour,
			DrillEvery:       365 * 24 * time.Hour,
			Approvals:        ApprovedByTwo,
			Exclusive:        ExclusiveStrict,
		},
		Ledger:     Ledger{Stream: Stream{Format: StreamJSON}},
		SessionTTL: 12 * time.Hour,
		Rotation:   Rotation{VerifyEvery: 24 * time.Hour, LockoutWindow: 15 * time.Minute},
		Notify:     Notify{SMTP: SMTP{TLS: StartTLS}, Language: "en"},
		Log:        Log{Level: "info", Format: "text"},
	}
}
