package load

import (
	"context"
	"errors"
	"fmt"

	"github.com/seneka-io/seneka/internal/errkind"
)

// errRefused is a file whose rows BigQuery refused.
var errRefused = errors.New("BigQuery refused the rows")

// commitPooled claims and appends a file whose rows are one append request: L3', L5' and L6'. lost
// means that another attempt's claim was there first, or that nothing was appended and the claim is
// void.
//
// The stream goes back to the pool only where its next offset is known: where nothing was sent, or
// where BigQuery took the rows. In any other case nobody ever appends to it again, which is what
// makes its row count at Finalize the answer.
func (a *attempt) commitPooled(ctx context.Context, rows [][]byte, name string, old held) (claim Claim, lost bool, err error) {
	s, err := a.Pool.take(ctx, a.target.destination(), a.enc.Descriptor())
	if err != nil {
		return Claim{}, false, err
	}
	known := false
	defer func() {
		if known {
			a.Pool.give(ctx, s)
		} else {
			s.Close()
		}
	}()
	// L5'. Dying after it leaves a claim over rows that are not there, and that nobody but this
	// attempt can append: whoever comes next finalizes the stream and sees.
	claim = a.claim(staged{})
	claim.Pooled = &Place{Stream: s.Name(), Offset: s.offset}
	won, err := a.writeClaim(ctx, name, claim, old)
	if err != nil {
		return Claim{}, false, err
	}
	if !won {
		known = true
		return Claim{}, true, nil
	}
	// L6'. Dying after it leaves the rows visible: whoever comes next finds them in the stream.
	err = s.Append(ctx, s.offset, rows)
	switch {
	case err == nil:
		s.offset += int64(len(rows))
		known = true
		return claim, false, nil
	case errkind.Is(err, errkind.Permanent):
		if voidErr := a.voidClaim(ctx, name, claim); voidErr != nil {
			return Claim{}, false, voidErr
		}
		return Claim{}, false, errkind.With(errkind.Permanent, fmt.Errorf("%w: %w", errRefused, err))
	case errkind.Is(err, errkind.NotFound):
		// The table was removed, and its streams with it: there is nothing to be in doubt about.
		return Claim{}, false, errors.Join(err, a.voidClaim(ctx, name, claim))
	}
	settled, settleErr := a.settlePooled(ctx, name, claim, true)
	if settleErr != nil || settled {
		return claim, false, settleErr
	}
	// At once, for want of which the next round would wait.
	if voidErr := a.voidClaim(ctx, name, claim); voidErr != nil || !errors.Is(err, ErrSchema) {
		return Claim{}, true, voidErr
	}
	return Claim{}, false, fmt.Errorf("append to %s: %w", s.Name(), err) // another stream would not take them either
}

// voidClaim takes back the claim of an attempt none of whose rows is there, nor ever will be.
func (a *attempt) voidClaim(ctx context.Context, name string, c Claim) error {
	now, err := a.readClaim(ctx, name)
	if err != nil || now.Load.Attempt != c.Load.Attempt {
		return err // somebody else has settled it, and replaced it
	}
	c.Void = true
	_, err = a.writeClaim(ctx, name, c, now)
	return err
}
