package doctor

import (
	"fmt"
	"slices"
	"strings"

	"github.com/seneka-io/seneka/internal/config"
	"github.com/seneka-io/seneka/internal/facts"
	"github.com/seneka-io/seneka/internal/object"
)

func sourceChecks() []check {
	return []check{
		{"notifications", "whether the S3 buckets announce every file of the sources, however it is put", judgeNotifications},
		{"notifications-twice", "whether a bucket announces a file by two ways", judgeTwice},
	}
}

// created is what S3 calls the ways in which an object comes to be.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-event-types-and-destinations.html
const created = "s3:ObjectCreated:"

var ways = []string{"Put", "Post", "Copy", "CompleteMultipartUpload"}

// announces reports whether n is about objects that come to be in that way.
func announces(n facts.Notification, way string) bool {
	return slices.Contains(n.Events, created+"*") || slices.Contains(n.Events, created+way)
}

// part is a part of a bucket's keys: those with a prefix and a suffix.
type part struct{ prefix, suffix string }

// partOf returns the smallest part that all keys of a source's pattern lie in.
func partOf(s *config.Source) part {
	_, key, _ := strings.Cut(strings.TrimPrefix(s.Match.String(), "s3://"), "/")
	first := strings.IndexAny(key, wild)
	if first < 0 {
		return part{key, key}
	}
	last := strings.LastIndexAny(key, wild)
	suffix := key[last+1:]
	if strings.HasSuffix(key[:last+1], "**") { // which, as a folder, may be none, without its slash
		suffix = strings.TrimPrefix(suffix, "/")
	}
	return part{key[:first], suffix}
}

// in reports whether n is about every key of p.
func (p part) in(n facts.Notification) bool {
	return strings.HasPrefix(p.prefix, n.Prefix) && strings.HasSuffix(p.suffix, n.Suffix)
}

// meets reports whether n may be about some key of p.
func (p part) meets(n facts.Notification) bool {
	return (strings.HasPrefix(p.prefix, n.Prefix) || strings.HasPrefix(n.Prefix, p.prefix)) &&
		(strings.HasSuffix(p.suffix, n.Suffix) || strings.HasSuffix(n.Suffix, p.suffix))
}

func judgeNotifications(s *Seen, r *report) {
	for i := range s.Config.Sources {
		source := &s.Config.Sources[i]
		bucket, named := bucketOf(source)
		switch {
		case source.Match.Store() != object.S3:
		case !named:
			r.skip("source %s: its pattern, %s, leaves the bucket open", source.Name, source.Match)
		default:
			if b, ok := value(r, s.SourceBuckets[bucket]); ok {
				s.judgeSource(r, source, b)
			}
		}
	}
}

// judgeSource looks for what announces the files of one source.
func (s *Seen) judgeSource(r *report, source *config.Source, b facts.SourceBucket) {
	p := partOf(source)
	where := fmt.Sprintf("s3://%s, source %s", b.Name, source.Name)
	fix := fmt.Sprintf(`have it send s3:ObjectCreated:* of the keys of %s to the queue: resource "aws_s3_bucket_notification" with events = ["s3:ObjectCreated:*"]; then bring the others: seneka backfill s3://%s/%s`, source.Match, b.Name, p.prefix)
	var missing, elsewhere, partly []string
	for _, way := range ways {
		some := func(fits func(facts.Notification) bool) bool {
			return slices.ContainsFunc(b.Notifications, func(n facts.Notification) bool { return announces(n, way) && fits(n) })
		}
		switch {
		case some(func(n facts.Notification) bool { return s.ours(n) && p.in(n) }):
		case b.EventBridge, some(func(n facts.Notification) bool { return n.Target == facts.ToTopic && p.in(n) }):
			elsewhere = append(elsewhere, way)
		case some(func(n facts.Notification) bool { return s.ours(n) && p.meets(n) }):
			partly = append(partly, way)
		default:
			missing = append(missing, way)
		}
	}
	if len(elsewhere) > 0 {
		r.skip("%s: its files are announced by EventBridge or SNS; whether that reaches the queue cannot be seen from the bucket", where)
	}
	switch {
	case len(missing) == len(ways):
		r.problem(where, "The bucket announces none of its files to the queue.", "no file of the source is brought in", fix)
	case len(missing) > 0:
		r.problem(where, "Files that come by "+strings.Join(missing, ", ")+" are not announced to the queue.", "those files are missing, such as large ones, which are uploaded in parts", fix)
	}
	if len(partly) > 0 {
		r.problem(where, "The bucket announces only some of the source's keys to the queue: "+filters(s, b)+".", "the other files are missing", fix)
	}
}

// filters lists the filters of the bucket's rules for the queue.
func filters(s *Seen, b facts.SourceBucket) string {
	var list []string
	for _, n := range b.Notifications {
		if s.ours(n) {
			list = append(list, fmt.Sprintf("prefix %q, suffix %q", n.Prefix, n.Suffix))
		}
	}
	return strings.Join(list, "; ")
}

func judgeTwice(s *Seen, r *report) {
	for _, name := range sourceBuckets(s.Config) {
		b, ok := value(r, s.SourceBuckets[name])
		if !ok {
			continue
		}
		for _, n := range b.Notifications {
			if !s.ours(n) || !slices.ContainsFunc(ways, func(way string) bool { return announces(n, way) }) {
				continue
			}
			if b.EventBridge {
				twice(r, name, "to the queue and to EventBridge", "take away the rule of EventBridge, if one sends them to the queue too: eventbridge = false")
			}
			for _, o := range b.Notifications {
				if o.Target == facts.ToTopic && (part{n.Prefix, n.Suffix}).meets(o) {
					twice(r, name, "to the queue and to "+o.ARN, "take away the topic's subscription of the queue, if there is one")
				}
			}
		}
	}
}

func twice(r *report, bucket, ways, fix string) {
	r.note("s3://"+bucket, "The bucket announces the same files "+ways+".", "if both lead to the queue, each file is looked at twice: no line is doubled, but it costs", fix)
}

// Keys returns the bucket of a source of S3 and what all its keys begin with; named is false if its
// pattern leaves the bucket open, or is of Cloud Storage.
func Keys(s *config.Source) (bucket, prefix string, named bool) {
	bucket, named = bucketOf(s)
	return bucket, partOf(s).prefix, named
}
