package ledger

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/flexorhq/flexor-go/internal/durable"
)

func TestPresence(t *testing.T) {
	_, dir := newLog(t, testOptions(t))
	disk := durable.Disk{}
	ids := func(ps []*Presence) (out []string) {
		for _, p := range ps {
			out = append(out, p.ID)
		}
		return out
	}
	look := func(adopt bool) (live, dead []*Presence) {
		live, dead, err := Writers(disk, dir, adopt)
		require.NoError(t, err)
		return live, dead
	}
	a, err := Enter(context.Background(), disk, dir, "a", 7)
	require.NoError(t, err)
	b, err := Enter(context.Background(), disk, dir, "b", 9)
	require.NoError(t, err)
	_, err = Enter(context.Background(), disk, dir, "a", 7)
	require.ErrorIs(t, err, os.ErrExist)
	for _, bad := range []string{"", "../x", "x.json", `a\b`} {
		_, err = Enter(context.Background(), disk, dir, bad, 0)
		require.Error(t, err)
	}
	live, dead := look(true)
	require.Equal(t, []string{"a", "b"}, ids(live))
	require.Empty(t, dead)
	require.Equal(t, os.Getpid(), live[0].PID)

	require.NoError(t, a.Leave(disk))
	require.NoError(t, b.Advance(disk, 12345))
	require.Equal(t, uint64(12345), b.First)
	require.NoError(t, b.Abandon()) // as if its process had died
	live, dead = look(false)
	require.Empty(t, live)
	require.Equal(t, []string{"b"}, ids(dead))
	require.Equal(t, b.First, dead[0].First)

	_, mine := look(true)
	require.Equal(t, []string{"b"}, ids(mine))
	live, dead = look(true)
	require.Equal(t, []string{"b"}, ids(live), "somebody looks after it")
	require.Empty(t, dead)
	require.NoError(t, mine[0].Leave(disk))

	require.NoError(t, os.WriteFile(filepath.Join(dir, writersDir, "c.json"), []byte("{"), 0o644))
	_, dead = look(true)
	require.Equal(t, []string{"c"}, ids(dead))
	require.Zero(t, dead[0].First, "damaged: look everywhere")
	require.NoError(t, dead[0].Leave(disk))
	live, dead = look(true)
	require.Empty(t, live)
	require.Empty(t, dead)
}

// A file that no writer can have left is none's, and is not removed with what they left.
func TestFilesOfOthersAmongWriters(t *testing.T) {
	_, dir := newLog(t, testOptions(t))
	left := map[string]string{
		"torn": `{"writer":"torn","fi`, "empty": "", "zeros": "\x00\x00\x00", "whole": `{"writer":"whole","first":3,"pid":1}`,
	}
	others := map[string]string{
		"package": `{"name":"an app"}`, "renamed": `{"writer":"whole","first":3,"pid":1}`, "text": "{}",
	}
	for _, files := range []map[string]string{left, others} {
		for id, text := range files {
			require.NoError(t, os.WriteFile(filepath.Join(dir, writersDir, id+writerExt), []byte(text), 0o644))
		}
	}
	_, dead, err := Writers(durable.Disk{}, dir, true)
	require.NoError(t, err)
	require.Len(t, dead, len(left))
	for _, p := range dead {
		require.Contains(t, left, p.ID)
		require.NoError(t, p.Leave(durable.Disk{}))
	}
	there, err := os.ReadDir(filepath.Join(dir, writersDir))
	require.NoError(t, err)
	require.Len(t, there, len(others))
}

// A process that hangs with the ledger's lock keeps nobody from seeing who lives.
func TestWritersOfALockedLog(t *testing.T) {
	_, dir := newLog(t, testOptions(t))
	disk := durable.Disk{}
	a, err := Enter(context.Background(), disk, dir, "a", 0)
	require.NoError(t, err)
	b, err := Enter(context.Background(), disk, dir, "b", 0)
	require.NoError(t, err)
	require.NoError(t, b.Abandon())
	lock, err := disk.Lock(lockName(dir), true)
	require.NoError(t, err)
	live, dead, err := Writers(disk, dir, false)
	require.NoError(t, err)
	require.NoError(t, lock.Unlock())
	require.Len(t, live, 1)
	require.Equal(t, "a", live[0].ID)
	require.Len(t, dead, 1)
	require.Equal(t, "b", dead[0].ID)
	require.NoError(t, a.Leave(disk))
}
