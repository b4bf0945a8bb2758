package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/flexorhq/flexor-go/control"
	"github.com/flexorhq/flexor-go/rbac"
)

// failure returns the failure for the error of an order, with how to mend it.
func (a *actor) failure(err error) error {
	var denied *control.DeniedError
	var own *failure
	switch {
	case err == nil, errors.As(err, &own):
		return err
	case errors.As(err, &denied):
		return a.denied(denied)
	case errors.Is(err, control.ErrInvalid):
		return misuse(a.command+" --help", "%w", forPeople{err})
	case errors.Is(err, control.ErrNotFound):
		return fail(exitNotFound, "flexor deployments lists what is kept", "%w", forPeople{err})
	case errors.Is(err, control.ErrManifest):
		return fail(exitFailed, "the manifests are in "+a.cfg.Dir+"/agents", "%w", forPeople{err})
	case errors.Is(err, control.ErrNotRecorded):
		return fail(exitFailed, "flexor doctor says whether the vault can be written", "%w", forPeople{err})
	}
	return err
}

// forPeople is an error without what tells programs, not people, where it is from.
type forPeople struct{ error }

func (p forPeople) Error() string {
	text := strings.NewReplacer(": control: ", ": ", ": rbac: ", ": ").Replace(": " + p.error.Error())
	for _, prefix := range []string{": ", "invalid: ", "not found: "} {
		text = strings.TrimPrefix(text, prefix)
	}
	return text
}

func (p forPeople) Unwrap() error { return p.error }

// denied returns the failure of a denial.
func (a *actor) denied(e *control.DeniedError) error {
	d := &e.Decision
	if d.Code == control.KeyMissing {
		return a.keyless()
	}
	text := control.Reason(*d)
	if e.NotRecorded != nil {
		text += fmt.Sprintf(" The denial could not be recorded: %v", e.NotRecorded)
	}
	code, fix := exitDenied, ""
	switch d.Code {
	case rbac.NotInitialised:
		fix = firstOwner(a.cfg)
	case rbac.RoleInsufficient:
		fix = "ask somebody who may: flexor access who " + string(d.Request.Action)
		if d.Request.Environment != "" {
			fix += " --env " + string(d.Request.Environment)
		}
	case rbac.KeyInvalid:
		fix = "the key is from " + a.source + "; flexor whoami says what it is"
	case rbac.KeyRevoked, rbac.KeyExpired:
		fix = "ask an owner for a new key: flexor keys create --user YOU"
	case rbac.UnknownSubject, rbac.GrantExpired:
		fix = "ask an owner for a role: flexor access grant --user " + d.Subject.String() + " --role viewer"
	case rbac.ReasonMissing:
		fix = "say why with --reason"
	case rbac.UnknownTarget:
		code, fix = exitNotFound, "flexor access list and flexor keys list show whom there is"
	case rbac.LastOwner:
		fix = "flexor access grant --user SOMEBODY --role owner, and flexor keys create --user SOMEBODY"
	case rbac.KeyElsewhere:
		fix = "name " + a.cfg.Name + " in --for as well, or leave --for away"
	case rbac.KeyMalformed:
		fix = "flexor keys public --new FILE --kind service makes a key for a service, and without --kind one for a person"
	case rbac.SelfRaise:
		fix = "ask another owner: flexor access who grant"
	case control.LogCorrupt:
		code, fix = exitIntegrity, "flexor verify --access shows what is still right; put the log back from a copy"
	case control.LogUnread:
		code = exitFailed
	}
	return fail(code, fix, "denied: %s", strings.TrimSuffix(text, "."))
}
