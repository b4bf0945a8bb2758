package file

import (
	"fmt"
	"io/fs"
	"log/slog"

	"github.com/flexorhq/flexor-go/audit"
)

// Config is what [Open] may be told. The zero value works. All processes that write the
// same file should be told the same.
type Config struct {
	// Kinds are the kinds of records that are written; others are left out. Zero:
	// [audit.KindRun], the entry of each run.
	Kinds []audit.Kind

	// MaxSize is how many bytes a file may have before it is renamed and a new one
	// begun. A batch that is larger gets a file of its own. Zero: 256 MiB; negative: any size.
	MaxSize int64

	// Daily begins a new file each UTC day, with the first line of the day.
	Daily bool

	// Compress is how the files that are rotated are compressed, in the background, to names
	// that end in .gz or .zst. What a process that dies leaves uncompressed stays so, and
	// beside it may stay what it had begun, under a name that ends in .tmp. Zero: they are not.
	Compress Compression

	// Perm is the mode of new files, before the umask. Zero: 0o600, for the owner only.
	// A log shipper of another user in the same group needs 0o640.
	Perm fs.FileMode

	// Logger hears of lines that a dead process left unfinished, and of rotations that
	// failed. Zero: nobody.
	Logger *slog.Logger
}

// Compression is a way to compress. The zero value is none.
type Compression string

// The ways to compress, by what the names of their files end in. Zstd makes smaller files
// in a fraction of the time; gzip is read by every tool.
const (
	Gzip Compression = "gz"
	Zstd Compression = "zst"
)

// ext is what the names of files end in that are compressed like this.
func (c Compression) ext() string { return "." + string(c) }

// check refuses what is no way to compress.
func (c Compression) check() error {
	if c != "" && c != Gzip && c != Zstd {
		return fmt.Errorf("no way to compress is called %q; there are %q and %q", c, Gzip, Zstd)
	}
	return nil
}

// defaultMaxSize is the MaxSize of the zero Config.
const defaultMaxSize = 256 << 20

// complete returns the settings with the defaults.
func (c *Config) complete() Config {
	var out Config
	if c != nil {
		out = *c
	}
	if out.Kinds == nil {
		out.Kinds = []audit.Kind{audit.KindRun}
	}
	if out.MaxSize == 0 {
		out.MaxSize = defaultMaxSize
	}
	if out.Perm == 0 {
		out.Perm = 0o600
	}
	if out.Logger == nil {
		out.Logger = slog.New(slog.DiscardHandler)
	}
	return out
}
