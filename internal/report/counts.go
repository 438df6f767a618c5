package report

// Counts are what a cost is made of, as far as the load logs tell: no prices.
func (r *Report) Counts() *Cost {
	files := float64(r.Total.Files)
	items := []CostItem{
		{Item: "Amazon S3", Count: files, Unit: "GET", Basis: "one for each file that was loaded"},
		{Item: "Egress from AWS", Count: float64(r.Total.Size), Unit: "bytes", Basis: "of the files as they were stored; less where plain text was gzipped on its way"},
		{Item: "Cloud Storage, Class A", Count: 2 * files, Unit: "requests", Basis: "the copy and the claim of each file"},
		{Item: "Cloud Storage, Class B", Count: files, Unit: "requests", Basis: "the read of each copy; a claim that is not there costs nothing"},
		{Item: "BigQuery, Storage Write API", Count: float64(r.Total.Bytes), Unit: "bytes", Basis: "of the files after decompression, about what their rows take"},
	}
	if r.Streams.Unknown == "" {
		items = append(items, CostItem{Item: "Write streams", Count: float64(r.Streams.Made), Unit: "streams", Basis: "free; the quota is 10,000 an hour"})
	}
	return &Cost{Note: "What was used, as the load log tells. Deliveries that came again and were dropped cost a little more.", Items: items}
}
