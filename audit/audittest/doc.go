// Package audittest lets a test look at what an agent recorded.
//
// [New] gives a [Recorder] that keeps its records in memory, with a clock and
// ids that are the same in every run of the test. The code under test gets its
// audit.Recorder; the test then says what must have been recorded:
//
//	func TestStaleFeed(t *testing.T) {
//		rec := audittest.New(t)
//		err := monitor.Run(t.Context(), rec.Recorder)
//		...
//		rec.Status(audit.Partial)
//		rec.Tasks("data-freshness-check", "notify")
//		rec.Decision("feed is stale", "true", audit.Value("age_minutes", 95))
//		rec.Errors("feed is late")
//		rec.Access(audit.OpRead, "plexifact://prod/catalog/equity-prices/2026-04-30")
//	}
//
// [Recorder.Kill] does what an operator may do at any time, so that a test can show
// that the agent stops.
//
// An assertion that fails prints everything that was recorded. At the end of
// the test the recorder is closed, and the test fails if a run is still open.
// No assertion library is imported.
package audittest
