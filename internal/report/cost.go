package report

import "github.com/seneka-io/seneka/internal/cost"

// Priced is what the loaded files cost, as far as the load logs tell: requests and bytes. What a program
// costs by the hour, and what is kept, stands in no log: cost.Seneka reckons it.
func (r *Report) Priced(prices []cost.Price) *Cost {
	used := cost.Usage{cost.Egress: float64(r.Total.Size) / 1e9, cost.Write: float64(r.Total.Bytes) / (1 << 30)}
	for item, n := range cost.Requests {
		used[item] = n * float64(r.Total.Files)
	}
	c := &Cost{Note: "Requests and bytes of the loaded files, at list prices; what an account has for nothing is not taken off. Not in it are the forwarder’s and the loader’s time and the storage of copies and claims: seneka cost reckons them. Plain text that was gzipped on its way left AWS as fewer bytes, and deliveries that came again cost a little more."}
	for _, p := range prices {
		n, ok := used[p.Item]
		if !ok {
			continue
		}
		dollars := n * p.USD
		c.Total += dollars
		c.Items = append(c.Items, CostItem{Item: p.What, Count: n, Unit: p.Unit, Dollars: dollars, Price: p.USD, Date: p.Date, Source: p.Source})
	}
	return c
}
