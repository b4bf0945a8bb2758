// Package lineage says which runs touched a data record, and what was made from it.
//
//	err := v.Audit.Do(ctx, "weekly-nav-report", trigger, func(ctx context.Context, run *audit.Run) error {
//		lineage.Read(run, "plexifact", "plexifact://prod/catalog/equity-prices/2026-04-30")
//		…
//		lineage.Write(run, "warehouse", "warehouse://fund/nav/2026-04-30")
//		return nil
//	})
//
// A record is named by a URI, which [audit.RecordURI] brings into one form; one
// that ends in "/" is a collection, and stands for all that begins so. Each
// access is in the audit log when the call returns.
//
// [HTTPTransport], [FS], [Files] and [SQLDriver] record by themselves what goes through
// a client, a file system or a database/sql driver; docs/lineage-hooks.md has their
// conventions.
package lineage
