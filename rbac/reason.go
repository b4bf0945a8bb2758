package rbac

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Reason returns why, as one sentence.
func (d Decision) Reason() string { return string(d.AppendReason(nil)) }

// AppendReason appends to dst what [Decision.Reason] returns, and allocates
// nothing if dst has room for it.
func (d *Decision) AppendReason(dst []byte) []byte {
	r := &d.Request
	switch d.Code {
	case Permitted:
		dst = say(d.appendDeed(dst, " may "), " as ", d.Role.String())
	case Undecided:
		dst = say(dst, "nothing was decided")
	case NotInitialised:
		dst = say(dst, "the vault has no owner yet: run flexor init --owner")
	case UnknownVault:
		dst = say(appendQuoted(say(dst, "there is no vault "), r.Vault), " here")
	case UnknownAction:
		dst = appendQuoted(say(dst, "there is no action "), string(r.Action))
	case UnknownTime:
		dst = say(dst, "the request does not say when it was made")
	case UnknownEnvironment:
		dst = say(appendQuoted(dst, string(r.Environment)), " is no environment: name sandbox, staging or production")
	case UnknownSubject:
		dst = say(appendSubject(dst, d.Subject), " has no role in ", r.Vault)
	case UnknownTarget:
		dst = d.appendNoTarget(dst)
	case UnknownRole:
		dst = say(dst, r.Role.String(), " is no role to grant: name viewer, operator, admin or owner")
	case UnknownTier:
		dst = say(appendQuoted(dst, string(r.Tier)), " is no tier: name L1, L2, L3 or L4")
	case KeyInvalid:
		dst = say(dst, strings.TrimPrefix(ErrKey.Error(), "rbac: "))
	case KeyRevoked:
		dst = say(dst, "the key ", r.Key, " was revoked: use its successor, or ask an owner for a new one")
	case KeyExpired:
		dst = say(dst, "the key ", r.Key, " has expired: ask an owner for a new one")
	case GrantExpired:
		dst = say(appendSubject(dst, d.Subject), " was ", d.Role.String(), " in ", r.Vault, " until ")
		dst = d.Grant.Expires.UTC().AppendFormat(dst, time.RFC3339)
	case RoleInsufficient:
		dst = say(d.appendDeed(dst, " may not "), " as ", d.Role.String(), ": it takes ", d.Needed.String())
	case ReasonMissing:
		dst = say(d.appendDeed(dst, " may "), " only with a reason")
	case SelfRaise:
		dst = say(appendSubject(dst, d.Subject), " may not give themselves more than they have")
	case LastOwner:
		dst = say(dst, r.Vault, " would be left without an owner who can act: make somebody else owner for good, with a key, first")
	case EndsTooSoon:
		dst = say(dst, "it would end before it begins")
	case KeyExists:
		dst = say(dst, "there was a key ", r.NewKey.ID, " before: mint another one")
	case KeyMalformed:
		dst = say(dst, "the new key is not a key of the kind that its holder needs: flxu_ for people, flxs_ for services")
	case KeyElsewhere:
		dst = say(dst, "the new key is not for ", r.Vault, ": name this vault among its vaults")
	case OutOfOrder:
		dst = say(dst, "it comes before what was applied already")
	default:
		dst = say(dst, "denied: ", string(d.Code))
	}
	return append(dst, '.')
}

// appendDeed appends who may, or may not, do what was asked for.
func (d *Decision) appendDeed(dst []byte, may string) []byte {
	r := &d.Request
	dst = say(appendSubject(dst, d.Subject), may)
	switch r.Action {
	case View:
		dst = say(dst, "view agents, audit log and lineage of ")
	case Deploy:
		dst = say(dst, "deploy to ", string(r.Environment), " in ")
	case Rollback:
		dst = say(dst, "roll back in ", string(r.Environment), " of ")
	case Resume:
		dst = say(dst, "resume agents in ", string(r.Environment), " of ")
	case Pause:
		dst = say(dst, "pause agents in ", string(r.Environment), " of ")
	case Kill:
		dst = say(dst, "kill runs in ", string(r.Environment), " of ")
	case EditVault:
		dst = say(dst, "edit the vault ")
	case EditConfig:
		dst = say(dst, "edit vault.json of ")
	case EditRetention:
		dst = say(dst, "set the retention of ")
	case GrantRole:
		dst = say(dst, "grant roles in ")
	case RevokeRole:
		dst = say(dst, "revoke ", d.whose(), " role in ")
	case CreateKey:
		dst = say(dst, "create keys in ")
	case RotateKey:
		dst = say(dst, "rotate ", d.whose(), " key in ")
	case RevokeKey:
		dst = say(dst, "revoke ", d.whose(), " key in ")
	}
	return say(dst, r.Vault)
}

// whose tells the asker's own role or key from that of somebody else.
func (d *Decision) whose() string {
	if d.Request.Target == d.Subject {
		return "their own"
	}
	return "another's"
}

// appendNoTarget appends that there is nothing to change.
func (d *Decision) appendNoTarget(dst []byte) []byte {
	r := &d.Request
	switch r.Action {
	case RotateKey, RevokeKey:
		return say(appendQuoted(say(dst, "there is no key "), r.TargetKey), " in ", r.Vault, " that is still in use")
	}
	dst = appendQuoted(dst, r.Target.String())
	if r.Action == RevokeRole {
		return say(dst, " has no role in ", r.Vault)
	}
	return say(dst, " is not the name of a person or a service")
}

// Explain returns all that decided, for people: the reason, and below it line by
// line the key, the role, the grant behind it, the role that is needed and the
// head of the log.
func (d Decision) Explain() string {
	var b strings.Builder
	verdict := "denied"
	if d.Allowed {
		verdict = "allowed"
	}
	fmt.Fprintf(&b, "%s: %s\n", verdict, d.Reason())
	if d.Subject != (Subject{}) && d.Request.Key != "" {
		fmt.Fprintf(&b, "key     %s\n", d.Request.Key)
	}
	if d.Grant.Role != 0 {
		until := "without expiry"
		if !d.Grant.Expires.IsZero() {
			until = "until " + d.Grant.Expires.UTC().Format(time.RFC3339)
		}
		fmt.Fprintf(&b, "role    %s, %s, granted by %s\n", d.Role, until, d.Grant.By)
		fmt.Fprintf(&b, "grant   record %d of the governance log, on the authority of record %d\n", d.Grant.Index, d.Grant.Under)
	}
	if d.Needed != 0 {
		fmt.Fprintf(&b, "needed  %s\n", d.Needed)
	}
	fmt.Fprintf(&b, "as of   %d records", d.Head.Size)
	if d.Head.Root != "" {
		fmt.Fprintf(&b, ", root %s", d.Head.Root)
	}
	b.WriteByte('\n')
	return b.String()
}

// appendSubject appends the name of s, quoted if it could be mistaken for
// something else: who asks about a subject may make up any.
func appendSubject(dst []byte, s Subject) []byte {
	if len(s.Name) > maxName || !printable(s.Name) {
		return appendQuoted(dst, s.String())
	}
	return s.append(dst)
}

// printable reports whether text shows as what it is.
func printable(text string) bool {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c > '~' { // beyond ASCII
			return !strings.ContainsFunc(text, func(r rune) bool { return !strconv.IsPrint(r) || r == utf8.RuneError })
		}
	}
	return true
}

// say appends words to dst. It is called so often that inlined it would be most of
// what the package adds to a program.
//
//go:noinline
func say(dst []byte, words ...string) []byte {
	for _, w := range words {
		dst = append(dst, w...)
	}
	return dst
}
