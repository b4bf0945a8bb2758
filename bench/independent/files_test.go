package independent

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// plainLog is a log as its files show it: leaves and commit lines, told apart by how
// the line starts.
type plainLog struct {
	dir         string
	verifier    note.Verifier
	leaves      [][]byte
	commits     []commit     // as stated, after each group of leaves
	checkpoints []checkpoint // the signed ones among the commit lines
}

// commit is what a commit line states.
type commit struct {
	checkpoint
	leaves int // that stand before it in the files
}

// checkpoint is a size and a root: of a signed note once its signature was checked.
type checkpoint struct {
	size uint64
	root []byte
}

// readLog reads a log's directory.
func readLog(dir string) (*plainLog, error) {
	l := &plainLog{dir: dir}
	var identity struct {
		PublicKey string `json:"public_key"`
	}
	data, err := os.ReadFile(filepath.Join(dir, "log.json"))
	if err == nil {
		err = json.Unmarshal(data, &identity)
	}
	if err == nil {
		l.verifier, err = note.NewVerifier(identity.PublicKey)
	}
	if err != nil {
		return nil, err
	}
	var files []string
	err = filepath.WalkDir(filepath.Join(dir, "segments"), func(path string, d fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".jsonl") {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	slices.Sort(files) // by day, then by the index of the first record
	for _, path := range files {
		if err := l.readSegment(path); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
	}
	return l, nil
}

// readSegment adds what stands in a segment.
func (l *plainLog) readSegment(path string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	for line := range bytes.Lines(bytes.TrimRight(data, "\x00")) {
		line = bytes.TrimSuffix(line, []byte("\n"))
		if !bytes.HasPrefix(line, []byte(`{"checkpoint":`)) {
			l.leaves = append(l.leaves, line)
			continue
		}
		var stated struct {
			Checkpoint uint64 `json:"checkpoint"`
			Root       []byte `json:"root"`
			Signed     string `json:"signed"`
		}
		if err := json.Unmarshal(line, &stated); err != nil {
			return err
		}
		l.commits = append(l.commits, commit{checkpoint{stated.Checkpoint, stated.Root}, len(l.leaves)})
		if stated.Signed == "" {
			continue
		}
		cp, err := l.openCheckpoint([]byte(stated.Signed))
		if err != nil {
			return err
		}
		l.checkpoints = append(l.checkpoints, cp)
	}
	return nil
}

// openCheckpoint checks the signature of a C2SP checkpoint and reads it.
func (l *plainLog) openCheckpoint(signed []byte) (cp checkpoint, err error) {
	n, err := note.Open(signed, note.VerifierList(l.verifier))
	if err != nil {
		return cp, err
	}
	lines := strings.Split(n.Text, "\n")
	if len(lines) < 3 || lines[0] != l.verifier.Name() {
		return cp, fmt.Errorf("not a checkpoint of this log: %q", n.Text)
	}
	if cp.size, err = strconv.ParseUint(lines[1], 10, 63); err != nil {
		return cp, err
	}
	cp.root, err = base64.StdEncoding.DecodeString(lines[2])
	return cp, err
}

// root returns the root over the first leaves, by transparency-dev/merkle.
func (l *plainLog) root(leaves int) ([]byte, error) {
	ranges := compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}
	r := ranges.NewEmptyRange(0)
	for _, leaf := range l.leaves[:leaves] {
		if err := r.Append(rfc6962.DefaultHasher.HashLeaf(leaf), nil); err != nil {
			return nil, err
		}
	}
	return r.GetRootHash(nil)
}

// receipt is a C2SP tlog-proof@v1.
type receipt struct {
	index      uint64
	proof      [][]byte
	checkpoint checkpoint
}

// parseReceipt reads a receipt and checks the signature in it.
func (l *plainLog) parseReceipt(text []byte) (r receipt, err error) {
	head, signed, ok := strings.Cut(string(text), "\n\n")
	lines := strings.Split(head, "\n")
	if !ok || len(lines) < 2 || lines[0] != "c2sp.org/tlog-proof@v1" {
		return r, errors.New("not a tlog-proof")
	}
	if r.index, err = strconv.ParseUint(strings.TrimPrefix(lines[1], "index "), 10, 63); err != nil {
		return r, err
	}
	for _, line := range lines[2:] {
		h, err := base64.StdEncoding.DecodeString(line)
		if err != nil {
			return r, err
		}
		r.proof = append(r.proof, h)
	}
	r.checkpoint, err = l.openCheckpoint([]byte(signed))
	return r, err
}

// tree reads the hashes that the log keeps beside its segments: hash i of the order
// of x/mod at byte 32·i.
func (l *plainLog) tree() (tlog.HashReaderFunc, error) {
	data, err := os.ReadFile(filepath.Join(l.dir, "tree"))
	return func(indexes []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(indexes))
		for i, x := range indexes {
			if (x+1)*tlog.HashSize > int64(len(data)) {
				return nil, fmt.Errorf("no hash %d", x)
			}
			copy(out[i][:], data[x*tlog.HashSize:])
		}
		return out, nil
	}, err
}
