package redact

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// finds returns what the detectors of numbers find, as "name value".
func finds(s, key string) []string {
	t := &text{}
	t.reset([]byte(s), key)
	var all []string
	for _, h := range (&finder{numDetectors()}).find(t, nil) {
		all = append(all, h.d.name+" "+s[h.start:h.end])
	}
	return all
}

// TestNumbers has the cases that a regular expression and a checksum get wrong.
func TestNumbers(t *testing.T) {
	for _, c := range []struct {
		text, key string
		want      string // finds, with | between
	}{
		// Cards next to other numbers.
		{"card=4111111111111111,cvv=123", "", "credit_card 4111111111111111"},
		{"4012888888881881 4012-8888-8888-1881 4012 8888 8888 1881", "", "credit_card 4012888888881881|credit_card 4012-8888-8888-1881|credit_card 4012 8888 8888 1881"},
		{"1234 4111 1111 1111 1111 123", "", "credit_card 4111 1111 1111 1111"},
		{"4111 - 1111 - 1111 - 1111", "", "credit_card 4111 - 1111 - 1111 - 1111"},
		{"3782 822463 10005.", "", "credit_card 3782 822463 10005"},
		{"4716989580001715211", "", "credit_card 4716989580001715211"},
		{"%B4111111111111111^DOE/J^2512?;4111111111111111=2512?", "", "credit_card 4111111111111111"},
		{"visa-4111111111111111", "", "credit_card 4111111111111111"},
		{"４１１１ １１１１ １１１１ １１１１", "", "credit_card ４１１１ １１１１ １１１１ １１１１"},
		{"4111–1111–1111–1111", "", "credit_card 4111–1111–1111–1111"},
		{"4111\u00a01111\u202f1111 1111 x", "", "credit_card 4111\u00a01111\u202f1111 1111"}, {"4111\u200b11111111\u200b1111", "", "credit_card 4111\u200b11111111\u200b1111"},
		// Rare sizes need a word, a key or an expiry.
		{"122000000000003", "", ""}, {"card: 122000000000003", "", "credit_card 122000000000003"}, {"122000000000003", "cc_number", "credit_card 122000000000003"},
		{"3528148043065699084", "", ""}, {"3528148043065699084 12/29", "", "credit_card 3528148043065699084"},
		// Parts of something else.
		{"run_4111111111111111", "", ""}, {"web-4111111111111111", "", ""}, {"0.4111111111111111", "", ""}, {"4111111111111111.25", "", ""}, {"offset -4111111111111111", "", ""},
		{"blk_-4111111111111111", "", ""}, {"41111111111111111111", "", ""}, {"4111 1111 1111 1112", "", ""}, {"4111a111111111111", "", ""},

		{"IBAN: gb82 west 1234 5698 7654 32", "", "iban gb82 west 1234 5698 7654 32"},
		{"DE89370400440532013000 COBADEFFXXX", "", "iban DE89370400440532013000"},
		{"DE89370400440532013000COBADEFFXXX", "", "iban DE89370400440532013000"},
		{"IBANDE89370400440532013000", "", "iban DE89370400440532013000"},
		{"DE 89 3704 0044 0532 0130 00", "", "iban DE 89 3704 0044 0532 0130 00"},
		{"DE89-3704-0044-0532-0130-00", "", "iban DE89-3704-0044-0532-0130-00"},
		{"GP1120041010050500013M02606", "", "iban GP1120041010050500013M02606"},
		{"MT84MALT011000012345MTLCAST001S", "", "iban MT84MALT011000012345MTLCAST001S"},
		{"DE89370400440532013000X1", "", ""}, {"is 133488 44832870588 minutes", "", ""}, {"DE88370400440532013000", "", ""}, {"ZZ89370400440532013000", "", ""}, {"xDE89370400440532013000", "", ""},

		{"219-09-9998", "", "us_ssn 219-09-9998"}, {"a 219 09 9998 b", "", "us_ssn 219 09 9998"}, {"7 219 09 9998", "", ""}, {"219-09-9998-1", "", ""}, {"x-219-09-9998", "", ""},
		{"000-09-9998", "", ""}, {"666-09-9998", "", ""}, {"219-00-9998", "", ""}, {"219-09-0000", "", ""}, {"219-09 9998", "", ""},
		{"219099998", "", ""}, {"SSN 219099998", "", "us_ssn 219099998"}, {"219099998", "ssn", "us_ssn 219099998"}, {"219099998 is my ssn", "", "us_ssn 219099998"}, {"ssn_id 219099998", "", ""},
		{"912-70-1234", "", "us_itin 912-70-1234"}, {"912-89-1234", "", ""}, {"912701234", "itin", "us_itin 912701234"},

		{"943 476 5919", "", "uk_nhs 943 476 5919"}, {"943 476 5919 [CARD]", "", ""}, {"943 476 5918", "", "phone 943 476 5918"}, {"NHS number: 9434765919", "", "uk_nhs 9434765919"}, {"9434765919", "", ""},
		{"943-476-5919", "", "phone 943-476-5919"}, {"NHS 943-476-5919", "", "uk_nhs 943-476-5919"}, {"943 476 5919", "fax", "phone 943 476 5919"},

		{"AB123456C", "", "uk_nino AB123456C"}, {"AB 12 34 56 C", "", "uk_nino AB 12 34 56 C"}, {"tw987654a", "", "uk_nino tw987654a"}, {"ab123456c", "", ""}, {"ab123456c", "nino", "uk_nino ab123456c"},
		{"BG123456C", "", ""}, {"AB123456E", "", ""}, {"AB123456CD", "", ""}, {"xAB123456C", "", ""},

		{"1980-02-03", "date_of_birth", "date_of_birth 1980-02-03"}, {"1980-02-03T00:00:00Z", "dob", "date_of_birth 1980-02-03"}, {"2026-02-03T00:00:00Z", "dob", ""}, {"19800203", "birthDate", "date_of_birth 19800203"},
		{"born 3rd Feb 1980 in Bath", "", "date_of_birth 3rd Feb 1980"}, {"DOB: 02/03/80, seen 2026-04-30", "", "date_of_birth 02/03/80"}, {"Birth date: 3.2.1980", "", "date_of_birth 3.2.1980"}, {"生年月日1980-02-03", "", "date_of_birth 1980-02-03"}, {"né le 3 février 1980", "", "date_of_birth 3 février 1980"}, {"geboren am 3. März 1980", "", "date_of_birth 3. März 1980"}, {"12 août 1980", "dob", "date_of_birth 12 août 1980"}, {"born 3 fête 1980", "", ""}, {"出生日期:1980年2月3日。", "", "date_of_birth 1980年2月3日"}, {"1980년 2월 3일", "생년월일", "date_of_birth 1980년 2월 3일"}, {"1980年2月3日", "", ""},
		{"1980-02-03", "", ""}, {"1980-13-33", "dob", ""}, {"born free on 1980 boats", "", ""},

		{"got 612 34 56 78 today", "", "phone 612 34 56 78"}, {"at 21 234 56 78 now", "", "phone 21 234 56 78"}, {"at 812 34 567 now", "", "phone 812 34 567"}, {"at 0 532 123 45 67 now", "", "phone 0 532 123 45 67"}, {"rhost=202-132-40-29.adsl.example.net", "", ""}, {"at 532 123 45 67 now", "", "phone 532 123 45 67"}, {"at 532-123 45 67 now", "", ""}, {"at 5501 234 5678 now", "", "phone 5501 234 5678"}, {"at 0512 3456 now", "", "phone 0512 3456"},
		{"got 800 123 4567 today", "", "phone 800 123 4567"}, {"got 91 712 3456 today", "", "phone 91 712 3456"}, {"got 55 1234 5678 today", "", "phone 55 1234 5678"}, {"got 221 12 34 today", "", "phone 221 12 34"},
		{"got 020 21 234 56 today", "", "phone 020 21 234 56"}, {"got 1-800-123-456 today", "", "phone 1-800-123-456"}, {"got 1-300-12-3456 today", "", "phone 1-300-12-3456"}, {"got 221 12 34 56 78 90 today", "", ""}, {"got 91 712 3456 kB", "", ""},
		{"<Buffer 01 02 03 04>", "", ""}, {"at 612 34 56 78 90 now", "", ""}, {"at 612 34 56 78 [CARD]", "", ""}, {"at 812 34 567 kB", "", ""}, {"at 5 612 34 56 78 now", "", ""}, {"at 12 34 56 78 now", "", ""}, {"at 1234 5678 now", "", ""}, {"at 2234 5678 now", "", "phone 2234 5678"}, {"at 2234 5678 9 now", "", ""}, {"in 2026 4321 rows", "", ""}, {"at 4321 1999 now", "", ""}, {"fans at **** 4321 5678", "", ""}, {"at 0 612 34 567 now", "", "phone 0 612 34 567"}, {"at 3 612 34 567 now", "", ""}, {"at 0 234 56 78 90 now", "", "phone 0 234 56 78 90"}, {"at 4321  5678 now", "", ""}, {"at $4321 5678 now", "", ""}, {"at 12 345 678 now", "", ""}, {"at 812-34 567 now", "", ""},
		{"555 1234", "", "phone 555 1234"}, {"555-1234", "", ""}, {"15 10 12 12 2026", "cron", ""}, {"15 10 12 12 26", "", "phone 15 10 12 12 26"}, {"4155552671", "caller_id", "phone 4155552671"}, {"at 555 1234 now", "", ""}, {"555.123.4567", "", "phone 555.123.4567"},

		{"+44 20 7946 0958", "", "phone +44 20 7946 0958"}, {"+44 (0)20 7946 0958", "", "phone +44 (0)20 7946 0958"}, {"+14155552671", "", "phone +14155552671"}, {"tel:+1-201-555-0123;ext=9", "", "phone +1-201-555-0123"},
		{"0044 20 7946 0958", "", "phone 0044 20 7946 0958"}, {"(555) 123-4567 x12", "", "phone (555) 123-4567 x12"}, {"555.223.4567, ext. 9", "", "phone 555.223.4567, ext. 9"},
		{"06.12.34.56.78", "", "phone 06.12.34.56.78"}, {"030/1234567", "", "phone 030/1234567"}, {"at 089 / 123456 now", "", "phone 089 / 123456"}, {"089 / 123456", "phone", "phone 089 / 123456"}, {"at 12 / 345678 now", "", ""}, {"089 / 123 / 456", "", ""}, {"8 (495) 123-45-67", "", "phone 8 (495) 123-45-67"}, {"(8 (495) 123-45-67)", "", "phone 8 (495) 123-45-67"}, {"(11) 91234-5678", "", "phone (11) 91234-5678"},
		{"try 1800 123 456 now", "", "phone 1800 123 456"}, {"1800 123 456 789", "", ""}, {"call me at 4155552671", "", "phone 4155552671"}, {"tel 4155552671 4155552672", "", "phone 4155552671|phone 4155552672"}, {"电话13812345678", "", "phone 13812345678"}, {"4155552671", "customerPhone", "phone 4155552671"},
		{"(call 1) (flags = 00000004, x)", "", ""}, {"020 7946 0958 [CARD]", "", ""}, {"[CARD:1111] 020 7946 0958", "", ""}, {"020 7946 0958 [INFO]", "", "phone 020 7946 0958"}, {"020 7946 0958 7b", "", "phone 020 7946 0958"},
		{"4155552671", "", ""}, {"0944549710", "", "phone 0944549710"}, {"0944549710", "Text", "phone 0944549710"}, {"0944549710", "account", ""}, {"got 0944549710", "", "phone 0944549710"}, {"got 0944549710", "log", "phone 0944549710"}, {"order 0944549710", "", ""}, {"got 0944549710 12", "", ""}, {"got 0123456789", "", ""}, {"got 0000123456", "", ""}, {"ISBN 0306406157", "", ""}, {"(123156PH2) of 20240131", "", ""}, {"4155552671", "phone_id", ""}, {"order id 4155552671, phone 4155552672", "", "phone 4155552672"}, {"a+14155552671", "", ""}, {"+0200", "", ""}, {"f(12) 3456-7890", "", ""},
		{"Boston, MA 02110-1301", "", ""}, {"612 345 678 EUR", "", ""}, {"1712345678 1712345678123", "", ""}, {"112-1234567-1234567", "", ""}, {"ISBN 978-0-306-40615-7", "", ""},
		{"00 44 20 79 46 09 58 00 11 22", "", ""}, {"1.2.3.4 10.20.30.40", "", ""}, {"+25000000.50", "", ""},

		// Shields.
		{"12345678-1234-1234-1234-123456789012", "phone", ""}, {"2026-04-30T06:00:00.123456789Z", "", ""}, {"2005-06-03-15.42.50.363779", "", ""}, {"[0701/114930:WARNING]", "", ""}, {"20/Feb/2026:12:34:56 +0000", "", ""},
		{strings.Repeat("4111111111111111", 2), "card", ""},
	} {
		assert.Equal(t, c.want, strings.Join(finds(c.text, c.key), "|"), "%q under %q", c.text, c.key)
	}
}

// TestColumn checks that long tables of short numbers cost few words, and hide nothing that stands behind them.
func TestColumn(t *testing.T) {
	tx := &text{}
	tx.reset([]byte(strings.Repeat("12 ", 1000)+"4111 1111 1111 1111"), "")
	assert.Len(t, tx.numbers().words, maxColumn+1+4)
	assert.Len(t, findCards(tx, nil), 1)
}

func TestShields(t *testing.T) {
	for _, c := range []struct {
		text, want string
		kind       shieldKind
	}{
		{"id 550e8400-e29b-41d4-a716-446655440000.", "550e8400-e29b-41d4-a716-446655440000", shieldID},
		{"run_01h455vb4pex5vsknk084sn02q", "run_01h455vb4pex5vsknk084sn02q", shieldID},
		{"01ARZ3NDEKTSV4RRFFQ69G5FAV", "01ARZ3NDEKTSV4RRFFQ69G5FAV", shieldID},
		{"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", shieldHash},
		{"at 2026-04-30T06:00:00.123Z,", "2026-04-30T06:00:00.123Z", shieldTime},
		{"at 2026-04-30 06:00:00,123 x", "2026-04-30 06:00:00,123", shieldTime},
		{"30/Apr/2026:06:00:00 +0000", "30/Apr/2026:06:00:00", shieldTime},
		{"06:00+02:00", "06:00+02:00", shieldTime},
		{"00:11:22:33:44:55", "", 0}, {"2001:db8::12:34", "", 0}, {"2026-13-30", "", 0}, {"550e8400-e29b-41d4-a716-4466554400001", "", 0}, {"10.20.30.40", "", 0},
	} {
		tx := &text{}
		tx.reset([]byte(c.text), "")
		if c.kind == 0 {
			assert.Empty(t, tx.shields(), c.text)
			continue
		}
		if assert.Len(t, tx.shields(), 1, c.text) {
			s := tx.shields()[0]
			assert.Equal(t, c.want, c.text[s.start:s.end])
			assert.Equal(t, c.kind, s.kind, c.text)
		}
	}
}

func TestNormalise(t *testing.T) {
	for _, d := range numDetectors() {
		for _, c := range map[string][][2]string{
			"credit_card": {{"4111-1111 1111\u00a01111", "4111111111111111"}, {"４１１１", "4111"}},
			"iban":        {{"gb82 west 1234", "GB82WEST1234"}},
			"uk_nino":     {{"ab 12 34 56 c", "AB123456C"}},
			"phone":       {{"+44 (0)20 7946 0958", "+442079460958"}, {"(555) 123-4567 x12", "5551234567"}, {"(+1) 555", "+1555"}},
		}[d.name] {
			assert.Equal(t, c[1], string(d.normalise(nil, []byte(c[0]))), d.name)
		}
	}
}

func TestKeyTopic(t *testing.T) {
	for key, want := range map[string]topic{
		"phone": aboutPhone, "customerPhone": aboutPhone, "PHONE_NUMBER": aboutPhone, "phone-1": aboutPhone, "phoneId": 0, "phone_count": 0, "phoneVerifiedAt": 0, "callerUserAgent": 0, "contact_date": 0, "birth_date": aboutBirth, "Birth date": aboutBirth, "card.number": aboutCard, "creditCardNo": aboutCard,
		"taxpayer_id": aboutSSN | aboutITIN, "dateOfBirth": aboutBirth, "Geburtsdatum": aboutBirth, "order": 0, "": 0, "téléphone": aboutPhone, "телефон": aboutPhone, "电话": aboutPhone, "出生日期": aboutBirth, "订单": 0,
	} {
		assert.Equal(t, want, keyTopic(key), key)
	}
}
