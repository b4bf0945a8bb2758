package durable

import (
	"io/fs"
	"os"

	"golang.org/x/sys/windows"

	"github.com/flexorhq/flexor-go/internal/osfile"
)

// IsOthers reports false: who may write a file is not asked for on Windows.
func IsOthers(fs.FileInfo) bool { return false }

func stat(name string) (Info, error) {
	f, err := osfile.Open(name, os.O_RDONLY, 0)
	if err != nil {
		return Info{}, err
	}
	defer f.Close() // opened for reading: nothing to lose
	return statFile(f)
}

func statFile(f *os.File) (Info, error) {
	var st windows.ByHandleFileInformation
	if err := windows.GetFileInformationByHandle(windows.Handle(f.Fd()), &st); err != nil {
		return Info{}, &fs.PathError{Op: "stat", Path: f.Name(), Err: err}
	}
	return Info{
		ID:   FileID{uint64(st.VolumeSerialNumber), uint64(st.FileIndexHigh)<<32 | uint64(st.FileIndexLow)},
		Size: int64(st.FileSizeHigh)<<32 | int64(st.FileSizeLow),
		Dir:  st.FileAttributes&windows.FILE_ATTRIBUTE_DIRECTORY != 0,
	}, nil
}
