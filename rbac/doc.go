// Package rbac decides who may do what in a vault, and why.
//
// A [Policy] is what the governance log of one vault comes to: its grants and
// its keys. Whoever asks is known by a key, and has one role in the vault:
//
//	d := policy.Authorize(rbac.Request{
//		Key:         key.ID(), // whose signature was verified
//		Action:      rbac.Deploy,
//		Vault:       "company",
//		Environment: rbac.Production,
//		At:          time.Now(),
//	})
//	if !d.Allowed {
//		return errors.New(d.Reason()) // bob@fund.com may not deploy to production in company as operator: it takes admin.
//	}
//
// # Roles
//
//	                                viewer  operator          admin             owner
//	view                            yes     yes               yes               yes
//	deploy, rollback, resume        no      in sandbox        yes               yes
//	pause, kill                     no      with a reason *   with a reason *   with a reason *
//	edit_vault                      no      no                if tier L2        yes
//	edit_config, edit_retention     no      no                no                yes
//	grant, key_create               no      no                no                yes
//	revoke, key_rotate, key_revoke  own     own               own               yes
//
//	* in sandbox without
//
// Roles belong to a vault: who is operator in one vault may be viewer in
// another, each by the policy of that vault. A subject has one role in a vault,
// and a new grant replaces the old one. Stopping needs less than starting:
// operators pause and kill everywhere.
//
// Whatever is not known is denied: an action, an environment, a vault, a
// subject, a key, a time. So are the zero values of [Decision], [Policy],
// [Role] and [Request].
//
// # Changes
//
// A policy begins with [Policy.Init], which names the first owner, and changes
// by [Policy.Apply], which first decides as [Policy.Authorize] does: nothing
// gets into it that it does not allow. [Policy.Authorize] lists the rules. Of
// these, that an owner is always left holds on every path: revoking,
// replacing, dropping one's own role, keys that are revoked or expire.
//
// Time is always a parameter. The package has no clock, no files and no
// goroutines, and needs nothing but the standard library.
//
// # Keys
//
// An [APIKey] is an Ed25519 private key in a text of 64 characters:
//
//	flxu_0aB3dE6gH9…   flxu_ for people or flxs_ for services, 10 characters of id,
//	                   43 of the seed, 6 of the CRC-32 (IEEE) of all before them
//
// The id is random; seed and checksum are big-endian numbers in base 62 with the
// digits 0-9, A-Z, a-z, padded with zeros. A key has exactly one spelling. The checksum
// finds typing errors before anything is looked up. Vaults know a [Key]: the
// public half, whose it is, and how long it is valid.
package rbac
