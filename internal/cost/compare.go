package cost

// Way is a way to bring files from S3 to BigQuery.
type Way struct {
	Name    string
	Assumes string // what the reckoning takes for granted
	Usage   func(Traffic) Usage
}

// Ways returns Seneka and what it is compared with.
func Ways() []Way {
	return []Way{
		{"seneka", "one claim per file; loads share instances and streams", Seneka},
		{
			"hourly batch",
			"each hour a transfer, a load job into a temporary table, then DELETE and INSERT in the day's partition, which a DELETE reads whole: on average half a day of data, 24 times a day; up to an hour late",
			hourly,
		},
		{
			"existence query per file",
			"as Seneka, but a query of 10 MiB, the least that BigQuery bills, tells whether a file is there, in place of the claim; two loaders at once may both find nothing",
			queried,
		},
		{"one instance per file", "as Seneka, but an instance handles one file at a time, as functions do unless they are told otherwise", alone},
	}
}

// leastQuery is how many bytes a query is billed for at least.
// https://cloud.google.com/bigquery/docs/best-practices-costs
const leastQuery = 10 << 20

// hourly is Storage Transfer, which costs nothing itself, and load jobs, which do not either.
func hourly(t Traffic) Usage {
	return Usage{
		S3Get:   t.files(),
		S3List:  24 * days * ceil(t.FilesPerDay/1000), // each run lists the day's prefix
		Egress:  t.files() * t.AvgSize / gb,           // it copies files as they are
		ClassA:  t.files(),
		ClassB:  t.files(),
		Storage: t.FilesPerDay * t.LandingDays * t.AvgSize / gb,
		Query:   days * 24 * t.FilesPerDay * t.plain() / 2 / tib,
	}
}

func queried(t Traffic) Usage {
	u := Seneka(t)
	u[ClassA] -= t.files()
	u[Storage] -= t.files() * claim / gb
	u[Query] = t.files() * leastQuery / tib
	return u
}

func alone(t Traffic) Usage {
	t.Concurrency = 1
	return Seneka(t)
}
