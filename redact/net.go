package redact

// netDetectors are the detectors of what identifies people and their devices
// on a network.
func netDetectors() []*detector {
	return []*detector{
		emailDetector(),
		ipDetector(),
		macDetector(),
		cryptoDetector(),
		userinfoDetector(),
	}
}

// colonGroups matches in whatever has five groups of hexadecimal digits
// with colons between: in every MAC address and every IPv6 address without
// "::", and in no time of day, which has four at most.
const colonGroups = `[0-9A-Fa-f]:[0-9A-Fa-f]{1,4}:[0-9A-Fa-f]{1,4}:[0-9A-Fa-f]{1,4}:`

func isAlnum(c byte) bool { return isDigit(c) || isLetter(c) }

func isHex(c byte) bool { return isDigit(c) || 'a' <= c|0x20 && c|0x20 <= 'f' }

// byteAt returns b[i], and 0 before the start and after the end of b.
func byteAt(b []byte, i int) byte {
	if i < 0 || i >= len(b) {
		return 0
	}
	return b[i]
}
