package config

import (
	"strings"
	"testing"
)

// valid is a configuration of which each test below changes one place.
const valid = `project: acme-logs
landing: gs://acme-landing
ledger: gs://acme-ledger
queue: https://sqs.eu-west-1.amazonaws.com/123456789012/seneka
sources:
  - name: alb
    match: s3://acme-elb/**
    format: alb
    table: logs.alb
  - name: app
    match: s3://acme-app/{service}/**.gz
    format: elb
    table: logs.app_{service}
    partition: {column: time, by: day}
    on_change: ignore
    max_reject_ratio: 0.1
`

const (
	topKeys    = "project, landing, ledger, queue, compress, events, sources"
	noTopic    = "is no topic; write projects/PROJECT/topics/TOPIC"
	noTopicID  = "is no name of a topic; write a letter, and then 2 to 254 letters, digits and - . _ ~ + %; it does not begin with goog"
	keys       = "name, match, format, table, schema, partition, on_conflict, csv, on_change, max_reject_ratio"
	queueURL   = "https://sqs.eu-west-1.amazonaws.com/123456789012/seneka"
	noProject  = "is no project ID; write lower-case letters, digits and hyphens, as in acme-logs"
	noBucket   = "is no bucket; write gs:// and 3 to 63 lower-case letters, digits, hyphens and underscores"
	noQueue    = "is no URL of a queue; write https://sqs.REGION.amazonaws.com/ACCOUNT/NAME"
	noRatio    = "must be a number from 0 to 1; write max_reject_ratio: 0.1"
	noBrace    = "has a { that begins no placeholder; write {name} of lower-case letters, digits and underscores"
	noTable    = "is no table name; write letters, digits, underscores, hyphens and {placeholders}"
	noSources  = "write sources: [{name: …, match: …, format: …, table: …}]"
	noKeys     = "must be keys and values; known: "
	emptyFile  = "1:1: the file is empty; write project, landing, ledger, queue and sources"
	notLanding = "is not of the landing bucket, the only one of Cloud Storage that is listened to; write "
	noMapMerge = "must name keys and values to merge"
)

// One place of valid, what it is changed to, and everything that Parse then says.
func TestErrors(t *testing.T) {
	parse(t, valid)
	long := "s3://b/" + strings.Repeat("x", maxPattern)
	sources := valid[strings.Index(valid, "sources"):]
	tests := []struct{ old, new, want string }{
		{"project: acme-logs\n", "", "1:1: project: missing; write project: YOUR-PROJECT-ID"},
		{"acme-logs", "", "1:1: project: has no value; write project: YOUR-PROJECT-ID"},
		{"acme-logs", "~", "1:1: project: has no value; write project: YOUR-PROJECT-ID"},
		{"acme-logs", `""`, `1:1: project: "": ` + noProject},
		{"acme-logs", "Acme_Logs", `1:1: project: "Acme_Logs": ` + noProject},
		{"acme-logs", "123456", `1:1: project: "123456": ` + noProject},
		{"acme-logs", "[a]", "1:1: project: must be a single value; write project: YOUR-PROJECT-ID"},
		{"project:", "projct:", `1:1: projct: unknown key, did you mean "project"? known: ` + topKeys},
		{"ledger:", "zzz: 1\nledger:", "3:1: zzz: unknown key; known: " + topKeys},
		{"ledger:", "landing: a\nledger:", "3:1: landing: written twice, first on line 2; keep one"},

		{"landing: gs://acme-landing\n", "", "1:1: landing: missing; write landing: gs://YOUR-BUCKET"},
		{"gs://acme-landing", "s3://acme", `2:1: landing: "s3://acme": must start with gs://; write gs://BUCKET`},
		{"gs://acme-landing", "gs://acme/x/y", `2:1: landing: "gs://acme/x/y": must be a whole bucket; write gs://acme`},
		{"gs://acme-landing", "gs://Acme", `2:1: landing: "gs://Acme": ` + noBucket},
		{"gs://acme-landing", "gs://", `2:1: landing: "gs://": ` + noBucket},
		{"gs://acme-landing", "gs://ab", `2:1: landing: "gs://ab": ` + noBucket},
		{"gs://acme-landing", "gs://10.0.0.1", `2:1: landing: "gs://10.0.0.1": ` + noBucket},
		{"gs://acme-landing", "gs://google", `2:1: landing: "gs://google": ` + noBucket},
		{"gs://acme-landing", "gs://a..b", `2:1: landing: "gs://a..b": ` + noBucket},
		{"gs://acme-landing", "gs://abc-", `2:1: landing: "gs://abc-": ` + noBucket},
		{"gs://acme-ledger", "gs://acme-landing", `3:1: ledger: "gs://acme-landing": is the landing bucket too; write another, so that a claim is not taken for a log`},

		{"queue: " + queueURL + "\n", "", "1:1: queue: missing; write queue: https://sqs.REGION.amazonaws.com/ACCOUNT/NAME"},
		{queueURL, "seneka", `4:1: queue: "seneka": ` + noQueue},
		{queueURL, "https://sqs.eu-west-1.amazonaws.com/", `4:1: queue: "https://sqs.eu-west-1.amazonaws.com/": ` + noQueue},
		{queueURL, "arn:aws:sqs:eu-west-1:1:s", `4:1: queue: "arn:aws:sqs:eu-west-1:1:s": ` + noQueue},
		{queueURL, "https://%zz/", `4:1: queue: "https://%zz/": ` + noQueue},
		{queueURL, queueURL + ".fifo", `4:1: queue: "` + queueURL + `.fifo": S3 sends no events to a FIFO queue; write the URL of a standard queue`},

		{sources, "compress: yes\n" + sources, `5:1: compress: "yes": must be true or false; write compress: true`},
		{sources, "compress:\n" + sources, "5:1: compress: has no value; write compress: true"},
		{sources, "compress: [true]\n" + sources, "5:1: compress: must be a single value; write compress: true"},
		{sources, "compres: true\n" + sources, `5:1: compres: unknown key, did you mean "compress"? known: ` + topKeys},

		{sources, "events: seneka\n" + sources, `5:1: events: "seneka": ` + noTopic},
		{sources, "events: projects/acme-logs\n" + sources, `5:1: events: "projects/acme-logs": ` + noTopic},
		{sources, "events: projects/Acme/topics/events\n" + sources, `5:1: events: "projects/Acme/topics/events": ` + noTopic},
		{sources, "events: acme-logs/topics/events\n" + sources, `5:1: events: "acme-logs/topics/events": ` + noTopic},
		{sources, "events: projects/acme-logs/topics/x\n" + sources, `5:1: events: "projects/acme-logs/topics/x": ` + noTopicID},
		{sources, "events: projects/acme-logs/topics/goog1\n" + sources, `5:1: events: "projects/acme-logs/topics/goog1": ` + noTopicID},
		{sources, "events: projects/acme-logs/topics/a/b\n" + sources, `5:1: events: "projects/acme-logs/topics/a/b": ` + noTopicID},
		{sources, "events:\n" + sources, "5:1: events: has no value; write events: projects/PROJECT/topics/TOPIC"},

		{sources, "", "1:1: sources: missing; " + noSources},
		{sources, "sources:\n", "5:1: sources: has no value; " + noSources},
		{sources, "sources: []\n", "5:1: sources: must be a list; " + noSources},
		{sources, "sources: {a: b}\n", "5:1: sources: must be a list; " + noSources},
		{sources, "sources: [a]\n", "5:11: sources[0]: " + noKeys + keys},
		{"name: alb", "name: a b", `6:5: sources[0].name: "a b": is no name; write up to 63 letters, digits, hyphens and underscores`},
		{"name: app", "name: alb", `10:5: sources[1].name: "alb": is the name of the source on line 6 too; write another`},
		{"format: elb", "fromat: elb", `12:5: sources[1].fromat: unknown key, did you mean "format"? known: ` + keys},

		{"    match: s3://acme-elb/**\n", "", "6:5: sources[0].match: missing; write match: s3://BUCKET/PATTERN"},
		{"s3://acme-elb/**", "acme/**", `7:5: sources[0].match: "acme/**": must start with s3://, or gs:// for the landing bucket; write s3://BUCKET/PATTERN`},
		{"s3://acme-elb/**", "gs://acme-other/a/**", `7:5: sources[0].match: "gs://acme-other/a/**": ` + notLanding + `gs://acme-landing/a/**`},
		{"s3://acme-elb/**", "gs://acme-*/**", `7:5: sources[0].match: "gs://acme-*/**": ` + notLanding + `gs://acme-landing/**`},
		{"s3://acme-elb/**", "gs://acme-landing", `7:5: sources[0].match: "gs://acme-landing": names no keys; write gs://acme-landing/** for all of them`},
		{"s3://acme-elb/**", "gs:///x", `7:5: sources[0].match: "gs:///x": names no bucket; write gs://BUCKET/PATTERN`},
		{"s3://acme-elb/**", "s3://", `7:5: sources[0].match: "s3://": names no bucket; write s3://BUCKET/PATTERN`},
		{"s3://acme-elb/**", "s3://b", `7:5: sources[0].match: "s3://b": names no keys; write s3://b/** for all of them`},
		{"s3://acme-elb/**", "s3://b/", `7:5: sources[0].match: "s3://b/": names no keys; write s3://b/** for all of them`},
		{"s3://acme-elb/**", "s3://**/x", `7:5: sources[0].match: "s3://**/x": has ** in the bucket; write *`},
		{"s3://acme-elb/**", "s3://a b/x", `7:5: sources[0].match: "s3://a b/x": "a b" is no bucket name; write letters, digits, hyphens, dots and wildcards`},
		{"s3://acme-elb/**", "s3://b/***", `7:5: sources[0].match: "s3://b/***": has ***; write ** for any folders, * within one`},
		{"s3://acme-elb/**", "s3://b/[a-z]", `7:5: sources[0].match: "s3://b/[a-z]": has '[', which is reserved; write ? where the key has it`},
		{"s3://acme-elb/**", "s3://b/a}", `7:5: sources[0].match: "s3://b/a}": has '}', which is reserved; write ? where the key has it`},
		{"s3://acme-elb/**", `s3://b/a\b`, `7:5: sources[0].match: "s3://b/a\\b": has '\\', which is reserved; write ? where the key has it`},
		{"s3://acme-elb/**", "s3://b/{a,b}", `7:5: sources[0].match: "s3://b/{a,b}": ` + noBrace},
		{"s3://acme-elb/**", "s3://b/{", `7:5: sources[0].match: "s3://b/{": ` + noBrace},
		{"s3://acme-elb/**", "s3://b/{a}{a}", `7:5: sources[0].match: "s3://b/{a}{a}": has {a} twice; write another name for one of them`},
		{"s3://acme-elb/**", long, `7:5: sources[0].match: "` + long[:200] + `…": longer than 4096 bytes; write a shorter pattern`},
		{"s3://acme-app/{service}/**.gz", "s3://acme-elb/**", `11:5: sources[1].match: "s3://acme-elb/**": can never match: the source on line 7 has the same pattern and comes first; remove one
seneka.yaml:13:5: sources[1].table: "logs.app_{service}": {service} is not in match; write it there in place of a *`},

		{"    format: alb\n", "", "6:5: sources[0].format: missing; write format: one of alb, cloudtrail, elb, rows"},
		{"format: alb", "format: ndjson", `8:5: sources[0].format: "ndjson": unknown format; known: alb, cloudtrail, elb, rows`},
		{"format: alb", "format: abl", `8:5: sources[0].format: "abl": unknown format, did you mean "alb"? known: alb, cloudtrail, elb, rows`},

		{"    table: logs.alb\n", "", "6:5: sources[0].table: missing; write table: DATASET.TABLE"},
		{"logs.alb", "logs", `9:5: sources[0].table: "logs": must be a dataset and a table; write DATASET.TABLE`},
		{"logs.alb", "p.logs.alb", `9:5: sources[0].table: "p.logs.alb": must be a dataset and a table; write DATASET.TABLE`},
		{"logs.alb", "lo-gs.alb", `9:5: sources[0].table: "lo-gs.alb": "lo-gs" is no dataset name; write letters, digits and underscores`},
		{"logs.alb", ".alb", `9:5: sources[0].table: ".alb": "" is no dataset name; write letters, digits and underscores`},
		{"logs.alb", "logs.", `9:5: sources[0].table: "logs.": "" ` + noTable},
		{"logs.alb", "logs.a`b", "9:5: sources[0].table: \"logs.a`b\": \"a`b\" " + noTable},
		{"logs.alb", "logs.{x", `9:5: sources[0].table: "logs.{x": "{x" ` + noTable},
		{"logs.alb", "'{x}.alb'", `9:5: sources[0].table: "{x}.alb": has a placeholder in the dataset; write it behind the dot, in the table's name`},
		{"logs.alb", "logs.Seneka_load_log", `9:5: sources[0].table: "logs.Seneka_load_log": names that begin with seneka_ are Seneka's own; write another`},
		{"logs.alb", "logs.{service}", `9:5: sources[0].table: "logs.{service}": {service} is not in match; write it there in place of a *`},
		{"logs.app_{service}", "logs.{servce}", `13:5: sources[1].table: "logs.{servce}": {servce} is not in match, did you mean {service}?`},

		{"on_change: ignore", "schema: schemas/app.json", `15:5: sources[1].schema: "schemas/app.json": format elb brings its own columns; remove schema`},
		{"on_change: ignore", "on_conflict: extra", `15:5: sources[1].on_conflict: "extra": format elb brings its own columns; remove on_conflict`},
		{"format: elb", "format: rows\n    on_conflict: drop", `13:5: sources[1].on_conflict: "drop": must be reject or extra`},
		{"format: elb", "format: rows\n    schema: gs://acme", `13:5: sources[1].schema: "gs://acme": names no file; write a path, or gs://BUCKET/NAME`},
		{"on_change: ignore", "csv: {header: absent}", "15:5: sources[1].csv: is for the formats csv and tsv; remove it"},
		{"{column: time, by: day}", "time", "14:5: sources[1].partition: " + noKeys + "column, by"},
		{"{column: time, by: day}", "", "14:5: sources[1].partition: " + noKeys + "column, by"},
		{"{column: time, by: day}", "{by: day}", "14:5: sources[1].partition.column: missing; write column: COLUMN"},
		{"{column: time, by: day}", "{column: time}", "14:5: sources[1].partition.by: missing; write by: day"},
		{"{column: time, by: day}", "{column: time, by: hour}", `14:31: sources[1].partition.by: "hour": must be day, the only value today`},
		{"{column: time, by: day}", "{column: a b, by: day, on: x}", `14:17: sources[1].partition.column: "a b": is no column name; write letters, digits and underscores
seneka.yaml:14:39: sources[1].partition.on: unknown key; known: column, by`},
		{"on_change: ignore", "on_change: replace", `15:5: sources[1].on_change: "replace": must be ignore, the only value today`},
		{"on_change: ignore", "on_change:", "15:5: sources[1].on_change: has no value; write on_change: ignore"},
		{"0.1", "1.5", `16:5: sources[1].max_reject_ratio: "1.5": ` + noRatio},
		{"0.1", "-0.1", `16:5: sources[1].max_reject_ratio: "-0.1": ` + noRatio},
		{"0.1", "ten", `16:5: sources[1].max_reject_ratio: "ten": ` + noRatio},
		{"0.1", "10%", `16:5: sources[1].max_reject_ratio: "10%": ` + noRatio},
		{"0.1", ".nan", `16:5: sources[1].max_reject_ratio: ".nan": ` + noRatio},
		{"0.1", "nan", `16:5: sources[1].max_reject_ratio: "nan": ` + noRatio},
		{"0.1", ".inf", `16:5: sources[1].max_reject_ratio: ".inf": ` + noRatio},
		{"0.1", "[0.1]", "16:5: sources[1].max_reject_ratio: must be a single value; write max_reject_ratio: 0.1"},

		{"on_change: ignore", "on_change: *no", "15:16: sources[1].on_change: no anchor &no is in the file"},
		{"on_change: ignore", "<<: *no", "15:9: sources[1].<<: no anchor &no is in the file"},
		{"on_change: ignore", "on_change: &a !!str *a", "15:16: sources[1].on_change: an alias that leads back to itself"},
		{"on_change: ignore", "<<: x", "15:9: sources[1].<<: " + noMapMerge},
		{"on_change: ignore", "<<: [{on_change: ignore}, x]", "15:31: sources[1].<<: " + noMapMerge},
		{"on_change: ignore", "<<: &a {<<: *a, on_change: no}", `15:21: sources[1].on_change: "no": must be ignore, the only value today`},
		{"on_change: ignore", "? on_change\n    : ignore", "15:5: sources[1].?: unknown key; known: " + keys},

		{valid, strings.Repeat("[", 16) + strings.Repeat("]", 16), "1:1: " + noKeys + topKeys},
		{valid, strings.Repeat("[", 17) + strings.Repeat("]", 17), "1:17: not a configuration: nested too deeply"},
		{valid, "", emptyFile},
		{valid, "# nothing\n", emptyFile},
		{valid, "text", "1:1: " + noKeys + topKeys},
		{valid, "- a\n", "1:1: " + noKeys + topKeys},
		{valid, valid + "---\nmore: b\n", "18:1: a second document begins here; write one only"},
		{"acme-logs", "ü\xff", "1:11: not UTF-8; save the file in that encoding"},
		{"s3://acme-elb/**", "'s3://b/\xe4'", "7:20: not UTF-8; save the file in that encoding"},
		{"    max_reject", "\tmax_reject", `16:1: not YAML: found character '\t' that cannot start any token; indent with spaces`},
		{"project", "\tproject", "1:8: not YAML: tab character cannot use as a map key directly; indent with spaces"},
		{"on_change: ignore", "on_change: 'ignore", "15:16: not YAML: could not find end character of single-quoted text"},
		{"on_change: ignore", "on_change: [ignore", "16:5: not YAML: ',' or ']' must be specified"},
		{"on_change: ignore", "on_change: a: b", "15:16: not YAML: mapping value is not allowed in this context"},
	}
	for _, tt := range tests {
		if !strings.Contains(valid, tt.old) {
			t.Errorf("%q is not in the valid file", tt.old)
		}
		_, err := Parse("seneka.yaml", []byte(strings.Replace(valid, tt.old, tt.new, 1)), formats)
		if got, want := errorText(err), "seneka.yaml:"+tt.want; got != want {
			t.Errorf("%q for %q:\n got %s\nwant %s", tt.new, tt.old, got, want)
		}
	}
}

func errorText(err error) string {
	if err == nil {
		return "no error"
	}
	return err.Error()
}

func TestErrorsComeAllAtOnceByLine(t *testing.T) {
	const text = `sources:
  - match: acme/**
    name: a
    format: x
    name: b
  - {}
landing: acme
ledgre: gs://acme-ledger
`
	const want = `f:1:1: project: missing; write project: YOUR-PROJECT-ID
f:1:1: queue: missing; write queue: https://sqs.REGION.amazonaws.com/ACCOUNT/NAME
f:2:5: sources[0].match: "acme/**": must start with s3://, or gs:// for the landing bucket; write s3://BUCKET/PATTERN
f:2:5: sources[0].table: missing; write table: DATASET.TABLE
f:4:5: sources[0].format: "x": unknown format; known: alb, cloudtrail, elb, rows
f:5:5: sources[0].name: written twice, first on line 3; keep one
f:6:5: sources[1].name: missing; write name: A-SHORT-NAME
f:6:5: sources[1].match: missing; write match: s3://BUCKET/PATTERN
f:6:5: sources[1].format: missing; write format: one of alb, cloudtrail, elb, rows
f:6:5: sources[1].table: missing; write table: DATASET.TABLE
f:7:1: landing: "acme": must start with gs://; write gs://BUCKET
f:8:1: ledgre: unknown key, did you mean "ledger"? known: project, landing, ledger, queue, compress, events, sources`
	if _, err := Parse("f", []byte(text), formats); errorText(err) != want {
		t.Errorf("got\n%s\nwant\n%s", errorText(err), want)
	}
}

func TestNearest(t *testing.T) {
	known := []string{"name", "match", "max_reject_ratio", "alb"}
	for word, want := range map[string]string{
		"nmae": "name", "Name": "name", "mach": "match", "matches": "match", "max_reject": "", "max_rejects_ratio": "max_reject_ratio",
		"ab": "alb", "xyz": "", "": "", strings.Repeat("name", 100): "",
	} {
		if got := nearest(word, known); got != want {
			t.Errorf("nearest(%q) = %q, want %q", word, got, want)
		}
	}
}

func TestDistance(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"kitten", "sitting", 3}, {"flaw", "lawn", 2}, {"same", "same", 0}} {
		if got := distance(tt.a, tt.b); got != tt.want {
			t.Errorf("distance(%q, %q) = %d, want %d", tt.a, tt.b, got, tt.want)
		}
	}
}
