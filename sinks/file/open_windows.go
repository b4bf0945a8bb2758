package file

import (
	"errors"
	"os"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/flexorhq/flexor-go/internal/osfile"
)

// removed reports whether an open file has no name any more, or loses it for good when
// the last one closes it.
func removed(f *os.File) bool {
	var info struct { // FILE_STANDARD_INFO
		AllocationSize, EndOfFile int64
		NumberOfLinks             uint32
		DeletePending, Directory  bool
	}
	err := windows.GetFileInformationByHandleEx(windows.Handle(f.Fd()), windows.FileStandardInfo, (*byte)(unsafe.Pointer(&info)), uint32(unsafe.Sizeof(info)))
	return err == nil && (info.DeletePending || info.NumberOfLinks == 0)
}

// truncate cuts an open file. What was opened to append may not be cut on Windows, so it
// is opened once more.
func truncate(f *os.File, size int64) error {
	again, err := osfile.Open(f.Name(), os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer again.Close() // it is synced with f
	ours, err := f.Stat()
	if err != nil {
		return err
	}
	named, err := again.Stat()
	if err != nil {
		return err
	}
	if !os.SameFile(ours, named) {
		return errors.New("it was renamed meanwhile")
	}
	return again.Truncate(size)
}
