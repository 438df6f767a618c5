package doctor

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/seneka-io/seneka/internal/errkind"
)

func tableChecks() []check {
	return []check{
		{"datasets", "whether the datasets of the sources' tables are there", judgeDatasets},
		{"tables", "whether the tables take the rows that are made for them", judgeTables},
		{"table-layout", "how the tables are partitioned and clustered", judgeLayout},
		{"row-access", "whether row-level access hides rows from the loader", judgeRowAccess},
		{"views", "whether the views beside the tables are this release's", judgeViews},
	}
}

func judgeDatasets(s *Seen, r *report) {
	for _, name := range datasets(s.Config) {
		a := s.Datasets[name]
		if a.Err != nil && errkind.Is(a.Err, errkind.NotFound) {
			r.problem(s.Config.Project+"."+name, "There is no such dataset.", "the loader makes tables, but no dataset: nothing is loaded into it", "bq mk --dataset "+s.Config.Project+":"+name+`; in Terraform: resource "google_bigquery_dataset"`)
			continue
		}
		value(r, a)
	}
}

// tables calls judge with every table that is there.
func (s *Seen) tables(r *report, judge func(t SeenTable)) {
	for _, why := range s.Unnamed {
		r.skip("%s", why)
	}
	for _, name := range datasets(s.Config) {
		if a := s.Datasets[name]; a.Err != nil && !errkind.Is(a.Err, errkind.NotFound) {
			r.skip("%v", a.Err)
		}
	}
	tables := slices.SortedFunc(slices.Values(s.Tables), func(a, b SeenTable) int { return cmp.Compare(a.Table.String(), b.Table.String()) })
	for _, t := range tables {
		if seen, ok := value(r, t.Seen); ok && seen.Exists {
			judge(t)
		}
	}
}

func judgeTables(s *Seen, r *report) {
	s.tables(r, func(t SeenTable) {
		for _, conflict := range t.Seen.Value.Conflicts {
			what, fix, _ := strings.Cut(conflict, ": ")
			so := "no file of source " + t.Source + " is loaded into it"
			if t.Source == "" {
				so = "no load can be recorded: every file comes again"
			}
			r.problem(t.Table.String(), what, so, fix)
		}
		if missing := t.Seen.Value.Missing; len(missing) > 0 {
			r.note(t.Table.String(), "The table lacks columns: "+strings.Join(missing, ", "), "the next load adds them, NULL in older rows", "nothing needs to be done; the loader needs bigquery.tables.update")
		}
	})
}

func judgeLayout(s *Seen, r *report) {
	s.tables(r, func(t SeenTable) {
		have, by := t.Seen.Value, t.Spec.PartitionBy
		fix := "a table cannot be partitioned anew: CREATE TABLE … PARTITION BY … CLUSTER BY … AS SELECT, with the loader stopped, then rename"
		switch {
		case by == "":
		case have.PartitionBy == "":
			r.problem(t.Table.String(), "The table is not partitioned by "+by+".", "every query, and every look of the loader at a claim in doubt, reads the whole table", fix)
		case !strings.EqualFold(have.PartitionBy, by) || have.PartitionOf != "DAY":
			r.problem(t.Table.String(), fmt.Sprintf("The table is partitioned by %s of %s, not by DAY of %s.", have.PartitionOf, have.PartitionBy, by), "queries that ask for a day of "+by+" read the whole table", fix)
		}
		if len(t.Spec.ClusterBy) > 0 && (len(have.ClusterBy) == 0 || !strings.EqualFold(have.ClusterBy[0], t.Spec.ClusterBy[0])) {
			r.problem(t.Table.String(), "The table is not clustered by "+t.Spec.ClusterBy[0]+" first.", "a look at one file reads whole partitions instead of 10 MiB",
				"bq update --clustering_fields="+strings.Join(t.Spec.ClusterBy, ",")+" "+strings.Replace(t.Table.String(), ".", ":", 1)+"; rows that are there already: UPDATE t SET source_file = source_file WHERE true")
		}
	})
}

func judgeRowAccess(s *Seen, r *report) {
	s.tables(r, func(t SeenTable) {
		if errors.Is(t.Policies.Err, errNone) {
			return
		}
		if n, ok := value(r, t.Policies); ok && n > 0 {
			r.note(t.Table.String(), fmt.Sprintf("The table has %d row-level access policies.", n), "if they hide rows from the loader, its count of a claim in doubt finds none, and the file is loaded again",
				"CREATE ROW ACCESS POLICY loader ON `"+t.Table.String()+"` GRANT TO ('serviceAccount:LOADER') FILTER USING (TRUE)")
		}
	})
}

func judgeViews(s *Seen, r *report) {
	for _, a := range s.Views {
		v, ok := value(r, a)
		switch {
		case !ok || !v.Exists: // made with the first load
		case !v.Ours:
			r.problem(v.Name, "It is no view.", "the loader leaves it alone, and what is said of the view does not hold", "rename it: the next load makes the view")
		case v.Version < s.ViewVersion:
			r.note(v.Name, fmt.Sprintf("The view is of version %d, this release's is %d.", v.Version, s.ViewVersion), "it may lack columns or mend less", "the next load by a loader of this release replaces it")
		case v.Version > s.ViewVersion:
			r.note(v.Name, fmt.Sprintf("The view is of version %d, this release's is %d.", v.Version, s.ViewVersion), "this seneka is older than the loader, and may judge by old rules", "update seneka")
		}
	}
}
