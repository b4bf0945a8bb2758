package logindex_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/internal/durable"
	"github.com/flexorhq/flexor-go/internal/ledger"
	"github.com/flexorhq/flexor-go/internal/logindex"
)

// These make the test binary a process that makes the indexes of a log, in place of the
// tests, and gets stuck at a step.
const (
	builderEnv = "FLEXOR_TEST_INDEX_LOG"
	stepEnv    = "FLEXOR_TEST_INDEX_STEP"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(builderEnv); dir != "" {
		fmt.Fprintln(os.Stderr, buildIndexes(dir, os.Getenv(stepEnv)))
		os.Exit(1) // it is killed before
	}
	os.Exit(m.Run())
}

func buildIndexes(dir, step string) error {
	r, err := ledger.OpenReader(durable.Disk{}, dir)
	if err != nil {
		return err
	}
	_, err = logindex.New(stuckDisk{step: step}, dir, r).Snapshot(context.Background())
	return err
}

// stuckDisk is a disk on which the writing of a file gets stuck.
type stuckDisk struct {
	durable.Disk
	step string
}

// stick says that it is stuck, and does not return.
func (d stuckDisk) stick() {
	fmt.Println(d.step)
	_, _ = io.Copy(io.Discard, os.Stdin)
}

func (d stuckDisk) OpenFile(name string, flag int, perm fs.FileMode) (durable.File, error) {
	f, err := d.Disk.OpenFile(name, flag, perm)
	if err == nil && flag&os.O_CREATE != 0 {
		if d.step == "created" {
			d.stick()
		}
		f = stuckFile{f, d}
	}
	return f, err
}

func (d stuckDisk) Rename(from, to string) error {
	d.stick()
	return nil
}

type stuckFile struct {
	durable.File
	disk stuckDisk
}

func (f stuckFile) WriteAt(p []byte, off int64) (int, error) {
	if f.disk.step == "half" {
		_, _ = f.File.WriteAt(p[:len(p)/2], off)
		f.disk.stick()
	}
	return f.File.WriteAt(p, off)
}

// A process that is killed while it writes indexes leaves nothing that is believed, and
// nothing that stays.
func TestKilledBuilder(t *testing.T) {
	exe, err := os.Executable()
	require.NoError(t, err)
	for _, step := range []string{"created", "half", "written"} {
		t.Run(step, func(t *testing.T) {
			d := newDisk(t, 13)
			d.write(t, 40)
			cmd := exec.Command(exe)
			cmd.Env = append(os.Environ(), builderEnv+"="+d.dir, stepEnv+"="+step)
			in, err := cmd.StdinPipe()
			require.NoError(t, err)
			out, err := cmd.StdoutPipe()
			require.NoError(t, err)
			require.NoError(t, cmd.Start())
			said := bufio.NewScanner(out)
			require.True(t, said.Scan())
			require.Equal(t, step, said.Text())
			require.NoError(t, cmd.Process.Kill())
			_ = cmd.Wait() // it says that it was killed
			_ = in.Close()

			torn := filepath.Join(d.dir, "segments", "*", "*.tmp.idx")
			left, err := filepath.Glob(torn)
			require.NoError(t, err)
			require.NotEmpty(t, left)
			require.Len(t, d.files(t), len(left), "none was renamed")
			d.same(t, d.open(t))
			left, err = filepath.Glob(torn)
			require.NoError(t, err)
			assert.Empty(t, left)
			assert.NotEmpty(t, d.files(t))
		})
	}
}
