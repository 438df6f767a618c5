package pubsub

// Depth is how many messages a subscription has.
type Depth struct {
	Waiting      int // for a delivery, now or after a pause
	InFlight     int // delivered and not answered
	Acknowledged int // since this process began
}

// Depth returns how many messages the subscription "projects/P/subscriptions/S" has.
func (s *Server) Depth(subscription string) (Depth, error) {
	u, err := s.find(subscription)
	if err != nil {
		return Depth{}, err
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	return Depth{len(u.waiting), len(u.leased), u.acknowledged}, nil
}
