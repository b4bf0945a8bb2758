// Package s3 keeps copies of a vault's logs in a bucket of AWS S3, or of any server
// that speaks its protocol, as objects that are written once and can be locked.
//
//	v, err := flexor.Open(ctx, "vaults/company", &flexor.Options{Sinks: flexor.Sinks{"s3": s3.Open}})
//
// with a vault.json that says where, and what is asked of the bucket:
//
//	"audit": {
//	  "secondary_destination": "s3://your-compliance-bucket/flexor-audit/",
//	  "s3": {"region": "eu-central-1", "object_lock": "compliance"}
//	}
//
// What is not there comes from the AWS environment: the region, the endpoint, and
// always the credentials (AWS_ACCESS_KEY_ID and so on, profiles, single sign-on, web
// identity, the roles of containers and machines). A [Config] can say it too.
//
// # What is promised
//
// Put returns nil only for an object that the server has confirmed: its SHA-256 went
// with it (x-amz-checksum-sha256) and was read back, and so were its lock, hold and
// encryption, of the very version that was written. It creates and never replaces
// (If-None-Match: *); of many that create the same name, one wins, and the others
// succeed if they have the same bytes. So it can be repeated after any failure.
//
// # Servers that only seem to
//
// Some servers accept what they do not keep: they ignore the lock, or let everybody
// win who creates the same name, or store bytes that do not have the checksum that
// came with them. Before the first Put of a process, the bucket is tried: versioning
// and Object Lock must be on if a lock is asked for, and two small objects below
// ".flexor-probe/" show whether names are created once and checksums are compared. A
// bucket that fails is refused.
//
// # Deadlines
//
// A server that does not answer is given up: a request has 30 s ([Config.Timeout])
// and a second for each 8 KiB that it moves. A request that failed in passing is
// repeated up to three times, after pauses that grow and differ; then the error is
// returned, and whoever forwards tries again later. Errors that trying again does not
// help wrap [archive.ErrPermanent] and say what does.
//
// docs/sinks.md has the permissions that the key needs.
package s3
