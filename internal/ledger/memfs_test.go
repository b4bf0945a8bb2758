package ledger

import (
	"bytes"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/flexorhq/flexor-go/internal/durable"
)

// memFS is a file system in memory that knows what would be on disk: content
// after Sync, names after SyncDir. Everything else a crash may keep, drop or tear.
type memFS struct {
	mu    sync.Mutex
	nodes map[string]*memNode // by path
	disk  map[string]*memNode // the names that are on disk
	locks map[*memNode]chan struct{}
	open  int    // files that were opened and not closed
	last  uint64 // id of the newest node
}

// memNode is a file or a directory.
type memNode struct {
	id      uint64
	dir     bool
	data    []byte
	disk    []byte   // the content that is on disk
	pending []change // what led from disk to data
	failed  int      // how many syncs failed; each open file reports each once
}

// change is a write, or a truncation to off.
type change struct {
	off      int64
	data     []byte
	truncate bool
}

func (c change) apply(data []byte) []byte {
	end := c.off + int64(len(c.data))
	if c.truncate && int64(len(data)) >= c.off {
		return data[:c.off:c.off]
	}
	if int64(len(data)) < end {
		data = append(data, make([]byte, end-int64(len(data)))...)
	}
	copy(data[c.off:], c.data)
	return data
}

func newMemFS(dirs ...string) *memFS {
	m := &memFS{nodes: map[string]*memNode{}, disk: map[string]*memNode{}, locks: map[*memNode]chan struct{}{}}
	for _, d := range dirs {
		n := m.newNode(true)
		m.nodes[d], m.disk[d] = n, n
	}
	return m
}

var _ durable.FS = (*memFS)(nil)

// newNode makes a file or a directory without a name.
func (m *memFS) newNode(dir bool) *memNode {
	m.last++
	return &memNode{id: m.last, dir: dir}
}

func memErr(op, name string, err error) error { return &fs.PathError{Op: op, Path: name, Err: err} }

// OpenFile implements [durable.FS].
func (m *memFS) OpenFile(name string, flag int, _ fs.FileMode) (durable.File, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := m.nodes[name]
	switch {
	case n == nil && flag&os.O_CREATE == 0:
		return nil, memErr("open", name, fs.ErrNotExist)
	case n == nil && m.nodes[filepath.Dir(name)] == nil:
		return nil, memErr("open", name, fs.ErrNotExist)
	case n != nil && flag&os.O_EXCL != 0:
		return nil, memErr("open", name, fs.ErrExist)
	case n == nil:
		n = m.newNode(false)
		m.nodes[name] = n
	}
	m.open++
	f := &memFile{fs: m, node: n, name: name, told: n.failed}
	if flag&os.O_TRUNC != 0 {
		f.change(change{truncate: true})
	}
	return f, nil
}

// Mkdir implements [durable.FS].
func (m *memFS) Mkdir(name string, _ fs.FileMode) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.nodes[name] != nil {
		return memErr("mkdir", name, fs.ErrExist)
	}
	m.nodes[name] = m.newNode(true)
	return nil
}

// Rename implements [durable.FS].
func (m *memFS) Rename(from, to string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.nodes[from] == nil {
		return memErr("rename", from, fs.ErrNotExist)
	}
	m.nodes[to] = m.nodes[from]
	delete(m.nodes, from)
	return nil
}

// Remove implements [durable.FS].
func (m *memFS) Remove(name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.nodes[name] == nil {
		return memErr("remove", name, fs.ErrNotExist)
	}
	delete(m.nodes, name)
	return nil
}

// ReadDir implements [durable.FS].
func (m *memFS) ReadDir(name string) (out []fs.DirEntry, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.nodes[name] == nil {
		return nil, memErr("readdir", name, fs.ErrNotExist)
	}
	for _, path := range slices.Sorted(maps.Keys(m.nodes)) {
		if filepath.Dir(path) == name && path != name {
			out = append(out, fs.FileInfoToDirEntry(memInfo{filepath.Base(path), m.nodes[path]}))
		}
	}
	return out, nil
}

// Stat implements [durable.FS].
func (m *memFS) Stat(name string) (durable.Info, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.nodes[name] == nil {
		return durable.Info{}, memErr("stat", name, fs.ErrNotExist)
	}
	return m.nodes[name].info(), nil
}

// SyncDir implements [durable.FS].
func (m *memFS) SyncDir(name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.nodes[name] == nil {
		return memErr("sync", name, fs.ErrNotExist)
	}
	for path := range m.disk {
		if filepath.Dir(path) == name && m.nodes[path] == nil {
			delete(m.disk, path)
		}
	}
	for path, n := range m.nodes {
		if filepath.Dir(path) == name {
			m.disk[path] = n
		}
	}
	return nil
}

// Lock implements [durable.FS].
func (m *memFS) Lock(name string, wait bool) (durable.Unlocker, error) {
	m.mu.Lock()
	n := m.nodes[name]
	if n == nil {
		m.mu.Unlock()
		return nil, memErr("lock", name, fs.ErrNotExist)
	}
	if m.locks[n] == nil {
		m.locks[n] = make(chan struct{}, 1)
	}
	held := m.locks[n]
	m.mu.Unlock()
	if wait {
		held <- struct{}{}
		return memLock(held), nil
	}
	select {
	case held <- struct{}{}:
		return memLock(held), nil
	default:
		return nil, durable.ErrLocked
	}
}

type memLock chan struct{}

// Unlock implements [durable.Unlocker].
func (l memLock) Unlock() error {
	<-l
	return nil
}

// memFile is an open file of a [memFS].
type memFile struct {
	fs   *memFS
	node *memNode
	name string
	told int // of node.failed, what was reported or happened before it was opened
}

func (f *memFile) change(c change) {
	f.node.data = c.apply(f.node.data)
	f.node.pending = append(f.node.pending, c)
}

// ReadAt implements [durable.File].
func (f *memFile) ReadAt(p []byte, off int64) (int, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	return bytes.NewReader(f.node.data).ReadAt(p, off)
}

// WriteAt implements [durable.File].
func (f *memFile) WriteAt(p []byte, off int64) (int, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	f.change(change{off: off, data: bytes.Clone(p)})
	return len(p), nil
}

// Truncate implements [durable.File].
func (f *memFile) Truncate(size int64) error {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	f.change(change{off: size, truncate: true})
	return nil
}

// Sync implements [durable.File].
func (f *memFile) Sync() error {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	for _, c := range f.node.pending {
		f.node.disk = c.apply(f.node.disk)
	}
	f.node.pending = nil
	if f.told < f.node.failed {
		f.told = f.node.failed
		return memErr("sync", f.name, syscall.EIO)
	}
	return nil
}

// fail notes that a sync failed, and that f was told.
func (f *memFile) fail() {
	f.node.failed++
	f.told = f.node.failed
}

// lose is a sync that fails as Linux lets it: the kernel drops what it could
// not write, and whoever reads finds the content that is on disk.
func (f *memFile) lose() {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	f.node.data, f.node.pending = bytes.Clone(f.node.disk), nil
	f.fail()
}

// forget is a sync that fails in the other way: what could not be written can
// still be read, but no later sync will write it.
func (f *memFile) forget() {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	f.node.pending = nil
	f.fail()
}

// Stat implements [durable.File].
func (f *memFile) Stat() (durable.Info, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	return f.node.info(), nil
}

// Close implements [durable.File].
func (f *memFile) Close() error {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	f.fs.open--
	return nil
}

var _ io.ReaderAt = (*memFile)(nil)

func (n *memNode) info() durable.Info {
	return durable.Info{ID: durable.FileID{Node: n.id}, Size: int64(len(n.data)), Dir: n.dir}
}

// memInfo is what a listing tells of a node.
type memInfo struct {
	name string
	node *memNode
}

func (i memInfo) Name() string       { return i.name }
func (i memInfo) Size() int64        { return int64(len(i.node.data)) }
func (i memInfo) IsDir() bool        { return i.node.dir }
func (i memInfo) ModTime() time.Time { return time.Time{} }
func (i memInfo) Sys() any           { return i.node }
func (i memInfo) Mode() fs.FileMode {
	if i.node.dir {
		return fs.ModeDir | 0o755
	}
	return 0o644
}

// crash returns what a machine finds that lost power now. survive is asked for
// each piece of a write of at most sector bytes, each truncation and, with a
// zero change, each name that is not known to be on disk.
func (m *memFS) crash(sector int, survive func(change) bool) *memFS {
	m.mu.Lock()
	defer m.mu.Unlock()
	after := newMemFS()
	names := maps.Clone(m.disk)
	paths := slices.Sorted(maps.Keys(m.nodes))
	for path := range m.disk {
		if m.nodes[path] != m.disk[path] && m.nodes[path] == nil && survive(change{}) {
			delete(names, path) // the removal came through
		}
	}
	for _, path := range paths {
		if m.disk[path] != m.nodes[path] && survive(change{}) {
			names[path] = m.nodes[path]
		}
	}
	for _, path := range slices.Sorted(maps.Keys(names)) {
		parent := filepath.Dir(path)
		if parent != path && strings.Contains(parent, string(filepath.Separator)) && names[parent] == nil {
			continue // its folder is gone
		}
		n := names[path]
		data := bytes.Clone(n.disk)
		for _, c := range n.pending {
			for _, piece := range c.split(sector) {
				if survive(piece) {
					data = piece.apply(data)
				}
			}
		}
		fresh := after.newNode(n.dir)
		fresh.data, fresh.disk = data, bytes.Clone(data)
		after.nodes[path], after.disk[path] = fresh, fresh
	}
	return after
}

// split returns the parts of a change that reach the disk one by one.
func (c change) split(sector int) (out []change) {
	if c.truncate {
		return []change{c}
	}
	for off := c.off; off < c.off+int64(len(c.data)); {
		end := min((off/int64(sector)+1)*int64(sector), c.off+int64(len(c.data)))
		out = append(out, change{off: off, data: c.data[off-c.off : end-c.off]})
		off = end
	}
	return out
}
