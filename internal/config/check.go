package config

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

const queueExample = "https://sqs.REGION.amazonaws.com/ACCOUNT/NAME"

// config reads the whole file.
func (d *decoder) config(root ast.Node, formats Formats) *Config {
	s := d.section(position(root), root, "", []string{"project", "landing", "ledger", "queue", "compress", "events", "sources"})
	if s == nil {
		return nil
	}
	c := &Config{}
	c.Project, _ = s.text("project", "YOUR-PROJECT-ID", checkProject)
	c.Landing = s.bucket("landing")
	c.Ledger = s.bucket("ledger")
	if c.Ledger != "" && c.Ledger == c.Landing {
		s.problem("ledger", "gs://"+c.Ledger, errors.New("is the landing bucket too; write another, so that a claim is not taken for a log"))
	}
	c.Queue, _ = s.text("queue", queueExample, checkQueue)
	c.Compress = s.flag("compress", true)
	c.Events = s.optional("events", "", "projects/PROJECT/topics/TOPIC", checkTopic)
	c.Sources = s.sources(c.Landing, formats)
	return c
}

func (s *section) bucket(key string) string {
	value, _ := s.text(key, "gs://YOUR-BUCKET", checkBucketURL)
	return strings.TrimSuffix(strings.TrimPrefix(value, "gs://"), "/")
}

func (s *section) sources(landing string, formats Formats) []Source {
	const example = "[{name: …, match: …, format: …, table: …}]"
	n, ok := s.require("sources", example)
	if !ok {
		return nil
	}
	list, ok := n.(*ast.SequenceNode)
	if !ok || len(list.Values) == 0 {
		s.fail(s.fields["sources"].at, "sources", "must be a list; write sources: %s", example)
		return nil
	}
	sources := make([]Source, 0, len(list.Values))
	names, patterns := map[string]int{}, map[string]int{} // to the line of the first
	for i, item := range list.Values {
		path := fmt.Sprintf("sources[%d]", i)
		if s := s.section(position(item), item, path, sourceKeys); s != nil {
			src := s.source(landing, formats)
			sources = append(sources, src)
			s.once("name", src.Name, names, "is the name of the source on line %d too; write another")
			s.once("match", src.Match.String(), patterns, "can never match: the source on line %d has the same pattern and comes first; remove one")
		}
	}
	return sources
}

// once reports a value of key that an earlier source has too; lines tells which line that is.
func (s *section) once(key, value string, lines map[string]int, problem string) {
	if value == "" { // wrong, and reported
		return
	}
	if line, dup := lines[value]; dup {
		s.problem(key, value, fmt.Errorf(problem, line))
		return
	}
	lines[value] = s.fields[key].at.Line
}

var sourceKeys = []string{"name", "match", "format", "table", "schema", "partition", "on_conflict", "csv", "on_change", "max_reject_ratio"}

// source reads one source.
func (s *section) source(landing string, formats Formats) (src Source) {
	src.Name, _ = s.text("name", "A-SHORT-NAME", checkName)
	_, matched := s.text("match", "s3://BUCKET/PATTERN", func(text string) (err error) {
		if src.Match, err = ParsePattern(text); err != nil {
			return err
		}
		return src.Match.checkStore(landing)
	})
	src.Format, _ = s.text("format", "one of "+strings.Join(formats.names(), ", "), func(text string) error {
		if _, ok := formats[text]; ok {
			return nil
		}
		return unknown("format", text, formats.names())
	})
	src.Table, _ = s.text("table", "DATASET.TABLE", func(text string) error {
		if !matched { // which placeholders there are is not known
			return nil
		}
		return checkTable(text, src.Match.Names())
	})
	declared := formats[src.Format]
	own := func(key string) error {
		if src.Format == "" || declared { // not known, and reported
			return nil
		}
		return fmt.Errorf("format %s brings its own columns; remove %s", src.Format, key)
	}
	src.Schema = s.optional("schema", "", "PATH", func(text string) error {
		return errors.Join(own("schema"), checkSchemaPath(text))
	})
	src.Schema = relativeTo(s.file, src.Schema)
	src.OnConflict = s.optional("on_conflict", OnConflictReject, OnConflictReject, func(text string) error {
		return errors.Join(own("on_conflict"), oneOf(text, OnConflictReject, OnConflictExtra))
	})
	src.Partition = s.partition()
	src.CSV = s.csv(src.Format)
	src.OnChange = s.optional("on_change", OnChangeIgnore, OnChangeIgnore, only(OnChangeIgnore))
	src.MaxRejectRatio = s.ratio("max_reject_ratio", DefaultMaxRejectRatio)
	return src
}

func (s *section) partition() *Partition {
	f, there := s.fields["partition"]
	if !there {
		return nil
	}
	p := s.section(f.at, f.value, s.join("partition"), []string{"column", "by"})
	if p == nil {
		return nil
	}
	column, _ := p.text("column", "COLUMN", checkColumn)
	by, _ := p.text("by", "day", only("day"))
	return &Partition{column, by}
}

// maxSkip is the most lines that a source may skip in each file.
const maxSkip = 1_000_000

func (s *section) csv(format string) (c CSV) {
	f, there := s.fields["csv"]
	if !there {
		return c
	}
	if format != "" && format != "csv" && format != "tsv" {
		s.fail(f.at, s.join("csv"), "is for the formats csv and tsv; remove it")
	}
	p := s.section(f.at, f.value, s.join("csv"), csvKeys)
	if p == nil {
		return c
	}
	c.Delimiter = strings.Replace(p.optional("delimiter", "", `";"`, checkDelimiter), escapedTab, "\t", 1)
	c.Header = p.optional("header", "", Headers[0], func(text string) error { return oneOf(text, Headers...) })
	p.optional("skip_rows", "", "1", func(text string) (err error) {
		c.SkipRows, err = strconv.Atoi(text)
		if err != nil || c.SkipRows < 0 || c.SkipRows > maxSkip {
			return fmt.Errorf("must be a number of lines, %d at most; write skip_rows: 1", maxSkip)
		}
		return nil
	})
	c.NullMarker = p.optional("null_marker", "", `"\\N"`, func(string) error { return nil })
	return c
}

var csvKeys = []string{"delimiter", "header", "skip_rows", "null_marker"}

// escapedTab is the tab as BigQuery's load jobs take it too: not every writer of YAML quotes a tab.
const escapedTab = `\t`

func checkDelimiter(text string) error {
	if text == escapedTab || len(text) == 1 && text[0] <= 0x7f && strings.IndexByte("\"\r\n \x00", text[0]) < 0 {
		return nil
	}
	return errors.New(`must be one character, neither a quote nor a space; write ";", "|" or "\t"`)
}

func checkSchemaPath(text string) error {
	if bucket, name, _ := strings.Cut(strings.TrimPrefix(text, "gs://"), "/"); text == "" || strings.HasPrefix(text, "gs://") && (bucket == "" || name == "") {
		return errors.New("names no file; write a path, or gs://BUCKET/NAME")
	}
	return nil
}

func oneOf(text string, values ...string) error {
	if slices.Contains(values, text) {
		return nil
	}
	return fmt.Errorf("must be %s", strings.Join(values, " or "))
}

func only(value string) func(string) error {
	return func(text string) error {
		if text == value {
			return nil
		}
		return fmt.Errorf("must be %s, the only value today", value)
	}
}

var (
	// https://cloud.google.com/resource-manager/docs/creating-managing-projects: 6 to 30
	// characters, with a domain in front in old organisations. Emulators have shorter ones.
	projectID = regexp.MustCompile(`^(?:[a-z0-9.-]+:)?[a-z][a-z0-9-]{0,28}[a-z0-9]$`)
	// https://cloud.google.com/storage/docs/buckets#naming
	bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,62}(?:\.[a-z0-9_-]{1,63})*$`)
	// https://cloud.google.com/bigquery/docs/schemas#column_names
	columnName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,299}$`)
	// https://cloud.google.com/pubsub/docs/pubsub-basics#resource_names
	topicName  = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9._~+%-]{2,254}$`)
	sourceName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$`)
)

func checkProject(text string) error {
	if projectID.MatchString(text) {
		return nil
	}
	return errors.New("is no project ID; write lower-case letters, digits and hyphens, as in acme-logs")
}

// checkTopic checks the full name of a Pub/Sub topic.
func checkTopic(text string) error {
	rest, _ := strings.CutPrefix(text, "projects/")
	project, topic, ok := strings.Cut(rest, "/topics/")
	switch {
	case !ok || rest == text || !projectID.MatchString(project):
		return errors.New("is no topic; write projects/PROJECT/topics/TOPIC")
	case !topicName.MatchString(topic) || strings.HasPrefix(topic, "goog"):
		return errors.New("is no name of a topic; write a letter, and then 2 to 254 letters, digits and - . _ ~ + %; it does not begin with goog")
	}
	return nil
}

func checkName(text string) error {
	if sourceName.MatchString(text) {
		return nil
	}
	return errors.New("is no name; write up to 63 letters, digits, hyphens and underscores")
}

func checkColumn(text string) error {
	if columnName.MatchString(text) {
		return nil
	}
	return errors.New("is no column name; write letters, digits and underscores")
}

func checkBucketURL(text string) error {
	rest, ok := strings.CutPrefix(text, "gs://")
	bucket, object, _ := strings.Cut(rest, "/")
	switch {
	case !ok:
		return errors.New("must start with gs://; write gs://BUCKET")
	case object != "":
		return fmt.Errorf("must be a whole bucket; write gs://%s", bucket)
	case !isBucket(bucket):
		return errors.New("is no bucket; write gs:// and 3 to 63 lower-case letters, digits, hyphens and underscores")
	}
	return nil
}

// isBucket knows the rules of Google Cloud Storage for the names of buckets.
func isBucket(name string) bool {
	_, notIP := netip.ParseAddr(name)
	last := name[max(len(name)-1, 0):]
	return bucketName.MatchString(name) && len(name) >= 3 && len(name) <= 222 && notIP != nil &&
		!strings.HasPrefix(name, "goog") && last != "-" && last != "_"
}

func checkQueue(text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || strings.Trim(u.Path, "/") == "" {
		return errors.New("is no URL of a queue; write " + queueExample)
	}
	if strings.HasSuffix(u.Path, ".fifo") {
		return errors.New("S3 sends no events to a FIFO queue; write the URL of a standard queue")
	}
	return nil
}
