package doctor

import (
	"fmt"
	"slices"
	"strings"

	"github.com/seneka-io/seneka/internal/errkind"
	"github.com/seneka-io/seneka/internal/facts"
)

func landingChecks() []check {
	return []check{
		{"landing", "whether the landing bucket is there", func(s *Seen, r *report) { judgeBucket(r, s.Landing, s.Config.Landing, "no file can be copied") }},
		{"landing-notifications", "whether the landing bucket announces its objects", judgeLandingNotifications},
		{"landing-lifecycle", "whether old copies are removed, and not too soon", judgeLandingLifecycle},
		{"landing-replaceable", "whether a copy can be replaced, and costs nothing once it is gone", judgeLandingReplaceable},
		{"buckets-access", "whether access to both buckets is by roles alone", judgeAccess},
		{"locations", "whether buckets and datasets lie in one place", judgeLocations},
	}
}

func ledgerChecks() []check {
	return []check{
		{"ledger", "whether the ledger bucket is there", func(s *Seen, r *report) { judgeBucket(r, s.Ledger, s.Config.Ledger, "no file can be loaded") }},
		{"ledger-lifecycle", "whether anything deletes claims", judgeLedgerLifecycle},
		{"ledger-replaceable", "whether a void claim can be replaced", judgeLedgerReplaceable},
		{"ledger-history", "whether a claim that is deleted by mistake can be had back", judgeLedgerHistory},
	}
}

func judgeBucket(r *report, a Answer[facts.Bucket], name, so string) {
	if a.Err != nil && errkind.Is(a.Err, errkind.NotFound) {
		r.problem("gs://"+name, "There is no such bucket.", so, `name it in seneka.yaml, or make it: resource "google_storage_bucket" with uniform_bucket_level_access = true`)
		return
	}
	value(r, a)
}

const finalize = "OBJECT_FINALIZE"

func judgeLandingNotifications(s *Seen, r *report) {
	b, ok := value(r, s.Landing)
	if !ok {
		return
	}
	where := "gs://" + b.Name
	fix := "gcloud storage buckets notifications create " + where + " --topic=TOPIC --event-types=OBJECT_FINALIZE --payload-format=json; in Terraform: resource \"google_storage_notification\""
	var whole, parts []facts.LandingNotification
	for _, n := range b.Notifications {
		switch {
		case len(n.Events) > 0 && !slices.Contains(n.Events, finalize):
		case n.Prefix != "":
			parts = append(parts, n)
		default:
			whole = append(whole, n)
		}
	}
	switch {
	case len(whole) == 0 && len(parts) == 0:
		r.problem(where, "The bucket announces no new object.", "what is copied is never loaded", fix)
	case len(whole) == 0:
		r.problem(where, fmt.Sprintf("The bucket announces only objects below %q.", parts[0].Prefix), "the others are copied and never loaded", fix)
	case len(whole) > 1:
		r.note(where, "The bucket announces each object more than once.", "each file is looked at as often: no line is doubled, but it costs",
			"gcloud storage buckets notifications list "+where+", and delete all but one")
	}
	for _, n := range whole {
		if n.Payload != "JSON_API_V1" {
			r.note(where, "Its notifications to "+n.Topic+" carry no payload.", "the loader asks Cloud Storage about each file, one request more", fix)
		}
		if len(n.Events) != 1 {
			r.note(where, "Its notifications to "+n.Topic+" are of deletions and changes too.", "each of them is delivered and paid for, and only acknowledged", fix)
		}
	}
}

func judgeLandingLifecycle(s *Seen, r *report) {
	b, ok := value(r, s.Landing)
	if !ok {
		return
	}
	where := "gs://" + b.Name
	fix := `lifecycle_rule { action { type = "Delete" } condition { age = 30 } }, or: gcloud storage buckets update ` + where + " --lifecycle-file=FILE"
	removes := false
	for _, rule := range b.Lifecycle {
		if rule.Action != "Delete" || rule.OnlyOlder {
			continue
		}
		if len(rule.Prefixes) == 0 {
			removes = true
		}
		if rule.AgeDays < 8 {
			r.problem(where, fmt.Sprintf("A rule deletes copies after %d days.", rule.AgeDays), "a notification waits for up to 7 days in Pub/Sub, and longer as a dead letter: its copy is gone then", fix)
		}
	}
	if !removes {
		r.problem(where, "No rule deletes old copies.", "every file is kept, and paid for, for ever", fix)
	}
}

// unreplaceable tells why objects of a bucket cannot be replaced; empty if they can.
func unreplaceable(b facts.Bucket) (why, fix string) {
	switch {
	case b.Retention > 0:
		return "Its retention policy keeps each object for " + days(b.Retention) + ".", "gcloud storage buckets update gs://" + b.Name + " --clear-retention-period"
	case b.Hold:
		return "New objects are put on hold.", "gcloud storage buckets update gs://" + b.Name + " --no-default-event-based-hold"
	}
	return "", ""
}

func judgeLandingReplaceable(s *Seen, r *report) {
	b, ok := value(r, s.Landing)
	if !ok {
		return
	}
	where := "gs://" + b.Name
	if why, fix := unreplaceable(b); why != "" {
		r.problem(where, why, "the copy of a file that has changed in S3 cannot replace the older one: its message ends in the dead-letter queue", fix)
	}
	if b.Versioning {
		r.note(where, "The bucket keeps old versions.", "a copy that is replaced or deleted is kept, and paid for, until a rule for old versions removes it", "gcloud storage buckets update "+where+" --no-versioning")
	}
	if b.SoftDelete != nil && *b.SoftDelete > 0 {
		r.note(where, "Deleted copies are kept for "+days(*b.SoftDelete)+".", "they are paid for, and S3 has the originals", "gcloud storage buckets update "+where+" --clear-soft-delete")
	}
}

func judgeAccess(s *Seen, r *report) {
	for _, a := range []Answer[facts.Bucket]{s.Landing, s.Ledger} {
		b, ok := value(r, a)
		if !ok {
			continue
		}
		if !b.UniformAccess {
			r.note("gs://"+b.Name, "Objects have access lists of their own.", "who may read or write them, the bucket's roles do not tell", "gcloud storage buckets update gs://"+b.Name+" --uniform-bucket-level-access")
		}
		switch b.PublicAccess {
		case "enforced":
		case "":
			r.skip("gs://%s: the service does not say whether it can be made public", b.Name)
		default:
			r.note("gs://"+b.Name, "Nothing keeps the bucket from being made public.", "one wrong role would show every log to everybody", "gcloud storage buckets update gs://"+b.Name+" --public-access-prevention")
		}
	}
}

// near reports whether two locations are one place, or one holds the other: US and us-east1.
// https://cloud.google.com/bigquery/docs/locations
func near(a, b string) bool {
	a, b = strings.ToLower(a), strings.ToLower(b)
	inside := func(multi, region string) bool {
		return multi == "us" && strings.HasPrefix(region, "us-") || multi == "eu" && strings.HasPrefix(region, "europe-")
	}
	return a == b || inside(a, b) || inside(b, a)
}

func judgeLocations(s *Seen, r *report) {
	landing, ok := value(r, s.Landing)
	if !ok {
		return
	}
	if ledger, ok := value(r, s.Ledger); ok && !near(landing.Location, ledger.Location) {
		r.note("gs://"+ledger.Name, fmt.Sprintf("The ledger is in %s, the landing bucket in %s.", ledger.Location, landing.Location), "each file's claim goes a longer way", "make the ledger where the loader runs, while there is nothing in it")
	}
	for _, name := range datasets(s.Config) {
		location, ok := value(r, s.Datasets[name])
		if ok && !near(landing.Location, location) {
			r.note("dataset "+name, fmt.Sprintf("The dataset is in %s, the landing bucket in %s.", location, landing.Location), "each file crosses from one location to the other, which takes time and is paid for", "make the landing bucket where the dataset is")
		}
	}
}

// claims is the folder of the claims in the ledger bucket.
const claims = "claims/"

func judgeLedgerLifecycle(s *Seen, r *report) {
	b, ok := value(r, s.Ledger)
	if !ok {
		return
	}
	for _, rule := range b.Lifecycle {
		touches := len(rule.Prefixes) == 0 || slices.ContainsFunc(rule.Prefixes, func(p string) bool { return strings.HasPrefix(claims, p) || strings.HasPrefix(p, claims) })
		if rule.Action == "Delete" && !rule.OnlyOlder && touches {
			r.problem("gs://"+b.Name, "A lifecycle rule deletes claims.", "a file whose claim is gone is loaded again when it is announced again: its lines are doubled",
				"gcloud storage buckets update gs://"+b.Name+" --clear-lifecycle; in Terraform: no lifecycle_rule")
		}
	}
}

func judgeLedgerReplaceable(s *Seen, r *report) {
	b, ok := value(r, s.Ledger)
	if !ok {
		return
	}
	if why, fix := unreplaceable(b); why != "" {
		r.problem("gs://"+b.Name, why, "a claim that turned out void cannot be replaced: its file is not loaded, and no backfill can keep how far it came", fix)
	}
}

func judgeLedgerHistory(s *Seen, r *report) {
	b, ok := value(r, s.Ledger)
	switch {
	case !ok || b.Versioning:
	case b.SoftDelete == nil:
		r.skip("gs://%s: the service does not say how long it keeps what is deleted", b.Name)
	case *b.SoftDelete == 0:
		r.note("gs://"+b.Name, "What is deleted is gone at once.", "a claim that is deleted by mistake cannot be had back, and its file may be loaded twice", "gcloud storage buckets update gs://"+b.Name+" --soft-delete-duration=30d")
	}
}
