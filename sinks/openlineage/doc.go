// Package openlineage tells an OpenLineage server, such as Marquez, what runs read and
// wrote, as they end: a secondary destination of a vault.
//
//	v, err := flexor.Open(ctx, "vaults/company", &flexor.Options{
//		Sinks: flexor.Sinks{"s3": s3.Open},
//		Feeds: flexor.Feeds{"openlineage": openlineage.Open},
//	})
//
// with, in vault.json,
//
//	"secondary_destination": [
//	  "s3://your-compliance-bucket/flexor-audit/",
//	  "openlineage+https://marquez.example/api/v1/lineage"
//	]
//
// The URL is that of the server with openlineage+ in front; without a path it gets
// /api/v1/lineage. The API key is never in it: it comes from the environment variable
// OPENLINEAGE_API_KEY, as for other OpenLineage clients, or from [Config].
//
// The events are those of lineage.OpenLineage, two for each run. Whoever records never
// waits for the server: while it is down, the log is the queue. Events arrive in the order in
// which the runs ended, each at least once; one that comes again is the same, and a server
// that goes by run, type and time takes it for one. While the server refuses the key or the
// address, nothing is left out. A run whose events it refuses for what they are (400, 413, 422)
// is left out once it has taken a later run: flexor status shows how many were, and what the
// server has against the last. The log has them.
package openlineage
