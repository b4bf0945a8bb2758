package ledger

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/flexorhq/flexor-go/internal/durable"
)

const (
	segmentsDir = "segments"
	segmentExt  = ".jsonl"
	indexExt    = ".idx" // disposable index of a sealed segment
	dayLayout   = "2006-01-02"

	// MaxSegment is the size at which a segment is finished and the next begun.
	MaxSegment = 64 << 20
)

// segment names one file of records.
type segment struct {
	day   string // UTC day on which it was begun
	first uint64 // index of its first record
}

// date is the beginning of its day.
func (s segment) date() time.Time {
	t, _ := time.Parse(dayLayout, s.day) // as it was made
	return t
}

// name is the segment's path below the ledger's directory, with slashes.
func (s segment) name() string {
	return fmt.Sprintf("%s/%s/%020d%s", segmentsDir, s.day, s.first, segmentExt)
}

// path is the segment's path on the host.
func (s segment) path(dir string) string { return filepath.Join(dir, filepath.FromSlash(s.name())) }

// parseSegment reads the name of a day's folder and of a file in it.
func parseSegment(day, file string) (segment, error) {
	if d, err := time.Parse(dayLayout, day); err != nil || d.Format(dayLayout) != day {
		return segment{}, fmt.Errorf("%q is not a day", day)
	}
	digits, ok := strings.CutSuffix(file, segmentExt)
	first, err := strconv.ParseUint(digits, 10, 63)
	if !ok || err != nil || len(digits) != 20 {
		return segment{}, fmt.Errorf("%q is not a segment", file)
	}
	return segment{day, first}, nil
}

// listSegments returns the segments of the ledger in dir in the order of their
// records. Files that are no segments are returned as strangers.
func listSegments(fsys durable.FS, dir string) (segs []segment, strangers []string, err error) {
	root := filepath.Join(dir, segmentsDir)
	days, err := fsys.ReadDir(root)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, err
	}
	for _, day := range days {
		if !day.IsDir() {
			strangers = append(strangers, segmentsDir+"/"+day.Name())
			continue
		}
		files, err := fsys.ReadDir(filepath.Join(root, day.Name()))
		if errors.Is(err, fs.ErrNotExist) {
			continue // purged since the days were listed; records that are missed are told by the next segment
		}
		if err != nil {
			return nil, nil, err
		}
		for _, f := range files {
			s, err := parseSegment(day.Name(), f.Name())
			switch {
			case err == nil:
				segs = append(segs, s)
			case !strings.HasSuffix(f.Name(), indexExt):
				strangers = append(strangers, segmentsDir+"/"+day.Name()+"/"+f.Name())
			}
		}
	}
	slices.SortFunc(segs, func(a, b segment) int {
		if a.first != b.first {
			if a.first < b.first {
				return -1
			}
			return 1
		}
		return strings.Compare(a.day, b.day)
	})
	return segs, strangers, nil
}
