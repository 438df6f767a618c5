package doctor

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// configuration is the check of seneka.yaml itself. What gets here is valid: see Invalid.
var configuration = check{"configuration", "whether seneka.yaml is valid", func(*Seen, *report) {}}

func accountChecks() []check {
	return []check{
		configuration,
		{"permissions", "what this account lacks of what forwarder and loader need", judgePermissions},
		{"lineage", "whether the Data Lineage API is off", judgeLineage},
		{"clock", "whether this machine's clock is right", judgeClock},
	}
}

func judgePermissions(s *Seen, r *report) {
	lacks := slices.SortedFunc(slices.Values(s.Lacks), func(a, b SeenLack) int { return strings.Compare(a.Whose+a.On, b.Whose+b.On) })
	for _, l := range lacks {
		if s.As != "" && s.As != l.Whose {
			continue
		}
		lacked, ok := value(r, l.Lacked)
		switch {
		case !ok || len(lacked) == 0:
		case s.As == l.Whose:
			r.problem(l.On, "The "+l.Whose+" lacks "+strings.Join(lacked, ", ")+".", "what needs it fails, and comes again until it is parked", "docs/security.md says which role has it")
		default:
			r.note(l.On, "This account lacks "+strings.Join(lacked, ", ")+", which the "+l.Whose+" needs.", "whether the "+l.Whose+" has it cannot be told from here", "run it as that account: seneka doctor --as "+l.Whose)
		}
	}
}

// https://cloud.google.com/data-catalog/docs/concepts/about-data-lineage
func judgeLineage(s *Seen, r *report) {
	if on, ok := value(r, s.Lineage); ok && on {
		r.problem("project "+s.Config.Project, "The Data Lineage API is on.", "BigQuery reports every query and copy to it, which is paid for by the job",
			"gcloud services disable datalineage.googleapis.com --project "+s.Config.Project)
	}
}

// How far apart two clocks may be: what nobody notices, and what AWS refuses a request for.
// https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
const (
	unnoticed = 30 * time.Second
	refused   = 5 * time.Minute
)

func judgeClock(s *Seen, r *report) {
	skew, ok := value(r, s.Skew)
	if !ok {
		return
	}
	off := skew.Abs().Round(time.Second)
	what := fmt.Sprintf("Its clock is %s ahead of Cloud Storage's.", off)
	if skew < 0 {
		what = fmt.Sprintf("Its clock is %s behind Cloud Storage's.", off)
	}
	switch {
	case off > refused:
		r.problem("this machine", what, "AWS refuses requests whose time is wrong, and times in the load log are", "timedatectl set-ntp true")
	case off > unnoticed:
		r.note("this machine", what, "times in the load log, and what is said of delays, are off by as much", "timedatectl set-ntp true")
	}
}
