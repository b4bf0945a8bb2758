package ledger

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

// roleEnv makes the test binary play another process instead of running tests.
const roleEnv = "LEDGER_TEST_ROLE"

// roles are what another process may do; the rest of its arguments are in
// [childArgs].
var roles = map[string]func(childArgs) error{
	"append": appendAndReport,
	"count":  countUp,
	"acks":   appendUntilKilled,
	"power":  appendUnderPower,
}

func TestMain(m *testing.M) {
	if role, ok := roles[os.Getenv(roleEnv)]; ok {
		if err := role(readChildArgs()); err != nil {
			os.Stderr.WriteString(err.Error() + "\n")
			os.Exit(1)
		}
		return
	}
	goleak.VerifyTestMain(m)
}

// sparse returns the step of tests that go through every byte or operation one
// after the other: 1, or n when asked to be short. So does the race detector,
// which makes them ten times as slow and has nothing to find in them.
func sparse(n int) int {
	if testing.Short() || raceDetector {
		return n
	}
	return 1
}
