// Package feed sends what a vault's log holds on to a target: entries as JSON lines to a
// log shipper, for instance, with package sinks/file.
//
//	f, err := feed.Start(ctx, &feed.Config{
//		Log: log.Reader, State: filepath.Join(dir, "feed", "shipper"), Name: "audit.jsonl",
//		Open: func(context.Context) (feed.Target, error) {
//			sink, err := file.Open("/var/log/flexor/audit.jsonl", nil)
//			return feed.Sink(sink), err
//		},
//	})
//
// flexor.Open does this for the places of vault.json that get records.
//
// It reads the log behind those who write it, up to what is on disk, and remembers how far
// it came: nothing is left out, whatever the target, the process or the machine does, and
// nobody who records waits for it. Of several processes that feed the same target from the
// same log one works at a time; when it ends, however it ends, another goes on.
//
// What was sent in the last second before a process died may be sent again: the target gets
// every record at least once, in the order of the log. An entry has its run_id, by which
// whoever reads it can tell.
//
// A record that the target refuses for what it is does not hold up the others, if the target
// says so: see [Aside].
//
// A feed is for convenience. A copy that is evidence, signatures and all, is made by
// package archive; retention waits for that, and not for a feed.
package feed
