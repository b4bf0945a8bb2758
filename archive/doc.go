// Package archive keeps copies of a vault's logs elsewhere: it sends what they hold to
// secondary destinations, holds a log against such a copy, and rebuilds one from it.
//
//	f, err := archive.Start(ctx, &archive.Config{
//		Vault:        "vaults/company",
//		Logs:         []string{"vaults/company/audit-log"},
//		Destinations: []archive.Destination{{Name: "share", URL: "file:///mnt/archive/", Open: …}},
//	})
//	err = f.Flush(ctx) // the copy holds what was on disk
//	err = f.Close()
//
// flexor.Open does this for the secondary destinations of vault.json.
//
// A destination is a [Store]: a directory ([Dir]), or a bucket (package sinks/s3). In it a
// log is one object with its log.json, and one for each piece that was sent, with the
// bytes of whole commits of one segment, compressed, and the newest signed checkpoint:
//
//	company/audit-log/log.json
//	company/audit-log/dt=2026-04-30/00000000000000000000-00000000000000000811.jsonl.zst
//
// Names state the first and the last record. zstd -dc yields the records as they stand in
// the log, and of the lines that end a commit what cannot be computed. See docs/design/archive.md for the format and for what it proves.
//
// What has been sent is known by the destination alone. Nothing is skipped and nothing
// sent twice when a process dies, an answer is lost, or the state in the vault is.
package archive
