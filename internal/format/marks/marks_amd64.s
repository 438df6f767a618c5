#include "textflag.h"

// R12 has all bits set within quotes, and R14 a bit where the text ends; DX counts quotes, BX bytes.

// BITS sets to to a bit for each of the 64 bytes in Y2 and Y3 that is the one of which byte is full.
#define BITS(byte, to, half) \
	VPCMPEQB  Y2, byte, Y4 \
	VPCMPEQB  Y3, byte, Y5 \
	VPMOVMSKB Y4, to       \
	VPMOVMSKB Y5, half     \
	SHLQ      $32, half    \
	ORQ       half, to

// BOUND writes the place of the lowest bit of R8, and takes it away.
#define BOUND(to) \
	TZCNTQ R8, R9 \
	ADDL   BX, R9 \
	MOVL   R9, to \
	BLSRQ  R8, R8

// func findAVX2(text *byte, n int, separator, quote byte, bounds *int32) (count, quotes int, ascii bool)
TEXT ·findAVX2(SB), NOSPLIT, $0-49
	MOVQ         text+0(FP), SI
	MOVQ         n+8(FP), CX
	VPBROADCASTB separator+16(FP), Y0
	VPBROADCASTB quote+17(FP), Y1
	MOVQ         bounds+24(FP), DI
	VPXOR        Y6, Y6, Y6
	VPCMPEQB     X7, X7, X7
	XORQ         R12, R12
	XORQ         DX, DX
	XORQ         R14, R14
	XORQ         BX, BX

next:
	SUBQ    $64, CX
	JLT     tail
	VMOVDQU (SI), Y2
	VMOVDQU 32(SI), Y3
	VPOR    Y2, Y6, Y6
	VPOR    Y3, Y6, Y6
	BITS(Y0, R8, R9)
	BITS(Y1, R10, R11)
	ADDQ    $64, SI

found:
	// A product without carries with all ones is, in each bit, the sum of the bits up to it: from a quote that opens to
	// before the one that closes.
	VMOVQ      R10, X4
	VPCLMULQDQ $0, X7, X4, X4
	VMOVQ      X4, R9
	XORQ       R12, R9
	MOVQ       R9, R12
	SARQ       $63, R12
	NOTQ       R9
	ANDQ       R9, R8
	ORQ        R14, R8
	POPCNTQ    R10, R10
	ADDQ       R10, DX

	POPCNTQ R8, R11
	LEAQ    (DI)(R11*4), R11
	BOUND(0(DI))
	BOUND(4(DI))
	JZ      listed
	BOUND(8(DI))
	BOUND(12(DI))
	JZ      listed

more:
	BOUND(16(DI))
	LEAQ 4(DI), DI
	JNZ  more

listed:
	MOVQ  R11, DI
	ADDL  $64, BX
	TESTQ R14, R14
	JZ    next

	VPMOVMSKB Y6, AX
	TESTL     AX, AX
	SETEQ     ascii+48(FP)
	MOVQ      DX, quotes+40(FP)
	SUBQ      bounds+24(FP), DI
	SHRQ      $2, DI
	MOVQ      DI, count+32(FP)
	VZEROUPPER
	RET

tail:
	// What is left, less than 64 bytes, are the last ones of the text's last 64.
	XORQ R8, R8
	XORQ R10, R10
	MOVQ $1, R14
	ADDQ $64, CX
	JZ   found
	VMOVDQU -64(SI)(CX*1), Y2
	VMOVDQU -32(SI)(CX*1), Y3
	VPOR    Y2, Y6, Y6
	VPOR    Y3, Y6, Y6
	BITS(Y0, R8, R9)
	BITS(Y1, R10, R11)
	SHLQ    CX, R14
	NEGQ    CX
	SHRQ    CX, R8
	SHRQ    CX, R10
	JMP     found
