// Package sinktest tests an implementation of audit.Sink against its contract, for
// those who write one. It is run from a test of the implementation:
//
//	func TestContract(t *testing.T) {
//		sinktest.Run(t, func(tb testing.TB) sinktest.Place {
//			dir := tb.TempDir()
//			return sinktest.Place{
//				Open:    func() (audit.Sink, error) { return mysink.Open(dir) },
//				Records: func() ([][]byte, error) { return readLines(dir) },
//			}
//		})
//	}
//
// Each case is a subtest on a place of its own, and a failure states the rule of
// the contract that was broken. The records are those of real runs. What a kit
// cannot see is the disk after a power cut: [Place.Synced] lets a sink that can tell
// show that it waits for it.
package sinktest
