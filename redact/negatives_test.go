package redact

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"time"
)

// negatives are n texts with nothing personal or secret in them, such as audit data and logs are full of.
// Every kind of id, time and number stands in every kind of line sooner or later.
func negatives(r *rand.Rand, n int) []string { return filled(r, lines, n) }

// filled returns n texts made from templates.
func filled(r *rand.Rand, templates []string, n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = placeholder.ReplaceAllStringFunc(templates[i%len(templates)], func(name string) string { return harmless(r, name[1:len(name)-1]) })
	}
	return all
}

var placeholder = regexp.MustCompile(`\{[a-z0-9]+\}`)

// harmless makes one value of a kind.
func harmless(r *rand.Rand, kind string) string {
	hex := func(n int) string {
		b := make([]byte, n)
		for i := range b {
			b[i] = "0123456789abcdef"[r.IntN(16)]
		}
		return string(b)
	}
	base32 := func(n int) string {
		b := make([]byte, n)
		for i := range b {
			b[i] = "0123456789abcdefghjkmnpqrstvwxyz"[r.IntN(32)]
		}
		b[0] = "01234567"[r.IntN(8)]
		return string(b)
	}
	at := time.Unix(1_500_000_000+r.Int64N(300_000_000), r.Int64N(1e9)).UTC()
	switch kind {
	case "uuid":
		if r.IntN(4) == 0 { // digits alone, as some generators give
			return group(fill(r, strings.Repeat("#", 32)), "-", 8, 4, 4, 4)
		}
		return group(hex(32), "-", 8, 4, 4, 4)
	case "typeid":
		return pick(r, "run_", "dep_", "task_", "key_") + base32(26)
	case "ulid":
		return strings.ToUpper(base32(26))
	case "sha":
		return hex(pick(r, 40, 64, 32))
	case "short":
		return hex(pick(r, 7, 8, 10, 12))
	case "rfc3339":
		return at.Format(pick(r, time.RFC3339, time.RFC3339Nano, "2006-01-02T15:04:05.000Z", "2006-01-02T15:04:05-07:00"))
	case "time":
		return at.Format(pick(r, "2006-01-02 15:04:05,000", "2006/01/02 15:04:05", "Jan _2 15:04:05", "02/Jan/2006:15:04:05 -0700", "06/01/02 15:04:05", "2006-01-02-15.04.05.000000", "0102/150405"))
	case "date":
		return at.Format(pick(r, "2006-01-02", "2006/01/02", "02.01.2006", "20060102"))
	case "unix":
		return fmt.Sprint(pick(r, at.Unix(), at.UnixMilli(), at.UnixMicro(), at.UnixNano()))
	case "float":
		return fmt.Sprint(r.Float64() * pick(r, 1, 1e3, 1e6, 1e9))
	case "price":
		return fmt.Sprintf("%s%d.%02d%s", pick(r, "", "$", "EUR "), r.IntN(1e7), r.IntN(100), pick(r, "", " USD"))
	case "big":
		return fill(r, pick(r, "#,###,###.##", "# ### ###", "N,###,###,###", "1########", "N#######"))
	case "isin":
		return fill(r, pick(r, "US", "DE", "GB", "FR", "XS")+"##########")
	case "cusip":
		return fill(r, pick(r, "######AA#", "#########", "###AA####"))
	case "order":
		return fill(r, pick(r, "112-#######-#######", "ORD-#######", "PO-2026-#####", "#####-####-##", "INV########", "SO/2026/######"))
	case "ver":
		return fill(r, pick(r, "v#.##.#", "1.##.#-rc.#", "#.#.##+build.####", "10.0.19041.####", "2.###.###.####"))
	case "ip":
		return fmt.Sprintf("%d.%d.%d.%d", 1+r.IntN(254), r.IntN(256), r.IntN(256), 1+r.IntN(254))
	case "n":
		return fmt.Sprint(r.IntN(pick(r, 10, 1000, 100_000, 10_000_000)))
	case "id":
		return fill(r, pick(r, "N######", "N#########", "1###########", "N##############"))
	case "blk":
		return fmt.Sprint(r.Int64() - r.Int64())
	case "ptr":
		return "0xc" + fill(r, "000") + hex(6)
	}
	panic("no such kind: " + kind)
}

// lines have the shapes of audit entries and of the logs of real systems.
var lines = []string{
	`{"run_id":"{typeid}","started_at":"{rfc3339}","duration_ms":{n},"status":"success"}`,
	`checked {n} prices of {isin} ({cusip}) as of {date}: last {price}, volume {big}`,
	`order {order} for {n} x {isin} at {price} filled {rfc3339}`,
	`deployment {typeid} of git {sha} ({short}) to production at {unix}`,
	`feed equity-prices/{date} is {float} minutes old, limit {float}`,
	`plexifact://prod/catalog/equity-prices/{date}/{uuid}`,
	`s3://bucket/dt={date}/{id}-{id}.jsonl.zst {n} bytes sha256:{sha}`,
	`request {uuid} user {n} took {float} ms ({unix})`,
	`{time} INFO dfs.DataNode$PacketResponder: PacketResponder {n} for block blk_{blk} terminating`,
	`- {unix} {date} R02-M1-N0-C:J12-U11 {time} R02-M1-N0-C:J12-U11 RAS KERNEL INFO instruction cache parity error corrected`,
	`{time} INFO storage.BlockManager: Found block rdd_{n}_{n} locally, {big} bytes`,
	`03-17 16:13:38.811  {n}  {n} D PowerManagerService: release:lock={n}, flg=0x0, tag="View Lock", ws=null, uid={n} pid={n}`,
	`{time} - WARN [RecvWorker:188978561024:QuorumCnxManager$RecvWorker@762] - Connection broken for id {id}, my id = 2, error =`,
	`{time}, Info                  CBS    SQM: Initializing online with Windows opt-in: False {id} 0x{short}`,
	`E{n} {time} {n} controller.go:{n}] pod web-{short}-{n} restarted (exit {n}), uid {uuid}`,
	`goroutine {n} [running]: main.(*T).do({ptr}, 0x{short}, {id}) /src/main.go:{n} +0x{short}`,
	`{time} kernel: [{n}.{n}] usb 1-1: new high-speed USB device number {n} using xhci_hcd`,
	`node-{n} {id} unix.hw state_change.unavailable {unix} 1 Component State Change`,
	`trace_id={sha} span_id={short} parent={uuid} ts={unix}`,
	`rows {n}, {n}, {n}; bytes {big}; ratio {float}; checkpoint {n} of {n}`,
	`p50={float} p99={float} n={id} window={date}..{date}`,
	`ETag: "{sha}" Last-Modified: {rfc3339} Content-Length: {id}`,
	`backoff [{n} {n} {n} {n} {n}] until {rfc3339}`,
	`matrix {float} {float} {float} {n} {n} {n}`,
	`CVE-2026-{n} fixed in {ver}; ISBN 978-0-306-40615-7; RFC 3339; ISO 8601; port {n}; HTTP 404`,
	`{order} {order} {date} {price} {price} {big}`,
	`account {id} ledger {id} entry {id} amount {price}`,
	`seq {id} {id} offset {blk} lag {n}`,
	`00000000: 7f45 4c46 0201 0100 0000 0000 0000 0000  .ELF............`,
	`sensor 12 34 56 78 90 11 23 45 67 89 at {unix}`,
	`{time} golang.org/x/net@v0.{n}.0 h1:{sha} actions/checkout@v{n} lodash@4.{n}.21`,
	`pulled registry.example.com/app@sha256:{sha} in {float}s`,
	`{"model":"m-{n}","input_tokens":{n},"output_tokens":{n},"max_tokens":{n},"token_type":"bearer","next_page_token":"{id}"}`,
	`cache miss for key: user:{n}:profile, partition_key={date}, sort_key={uuid}, session {typeid}`,
	`error: unexpected token: ')' at line {n}; password: expired; token is invalid`,
	`granted secret access to team-{n} (policy {uuid}); api_key_id={id}, secret_name=db-{n}`,
	`std::vector<Row>::at({n}) :: range {n}:{n}:{n}, cpu 0x{short}`,
	`public_key={sha} fingerprint=SHA256:{sha} nonce {short}`,
}

// addressLines are such lines with addresses of machines in them, in which nothing else may be found.
var addressLines = []string{
	`{ip}`,
	`{uuid}`, `{typeid}`, `{ulid}`, `{sha}`, `{short}`, `{rfc3339}`, `{date}`, `{unix}`, `{float}`, `{price}`, `{isin}`, `{cusip}`, `{order}`, `{ver}`, `{ip}`, `{n}`, `{id}`,
	`{ip} - - [{time}] "GET /api/v1/orders/{id}?page={n} HTTP/1.1" 200 {n} "-" "Mozilla/5.0 (X11; Linux x86_64) Chrome/{ver}"`,
	`{ip} - - [{time}] "POST /runs/{uuid} HTTP/2.0" 499 0 {float} {float}`,
	`{time} INFO dfs.FSNamesystem: BLOCK* NameSystem.addStoredBlock: blockMap updated: {ip}:50010 is added to blk_{blk} size 67108864`,
	`081109 20361{n} 148 INFO dfs.DataNode: Received block blk_{blk} of size 91178 from /{ip}`,
	`{time} combo sshd(pam_unix)[{n}]: authentication failure; logname= uid=0 euid=0 tty=NODEVssh ruser= rhost={ip}`,
	`{time} LabSZ sshd[{n}]: Failed password for invalid user webmaster from {ip} port {n} ssh2`,
	`nova-api.log.1.2017-05-16_13:53:08 {time} {n} INFO nova.osapi_compute.wsgi.server [req-{uuid} {short} {sha} - - -] {ip} "GET /v2/{sha}/servers/detail HTTP/1.1" status: 200 len: 1893 time: {float}`,
}
