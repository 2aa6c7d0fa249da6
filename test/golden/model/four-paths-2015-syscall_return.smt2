; header
;
; What SYSRET needs on the way out `syscall_return`: z3 dump_models=true FILE. Each answer follows its question: `unsat` proves it, `sat`
; comes with the saved registers for which it is wrong. The first question alone wants `sat`: that the way is taken at all.
; Conditions are taken as decided of the frame that is left with; the models for SPIN and rumur say whether they are.
(set-option :print-success false)
(set-logic QF_BV)
(declare-const frame_cx (_ BitVec 64))
(declare-const frame_ip (_ BitVec 64))
(declare-const frame_r11 (_ BitVec 64))
(declare-const frame_flags (_ BitVec 64))
(declare-const frame_cs (_ BitVec 64))
(define-fun constant_USER_CS () (_ BitVec 64) #x0000000000000033)
(declare-const frame_ss (_ BitVec 64))
(define-fun constant_USER_DS () (_ BitVec 64) #x000000000000002b)
(define-fun constant_TASK_SIZE_MAX () (_ BitVec 64) #x00007ffffffff000)
(define-fun constant_RF () (_ BitVec 64) #x0000000000010000)
(define-fun constant_TF () (_ BitVec 64) #x0000000000000100)
(declare-const feature_XENPV Bool)
(define-fun condition_sysret_applies () Bool
  (and
    (= frame_cx frame_ip) ; SYSRET loads RIP from RCX
    (= frame_r11 frame_flags) ; and RFLAGS from R11
    (= frame_cs constant_USER_CS) ; CS and SS come from STAR, whatever the frame says
    (= frame_ss constant_USER_DS) ; CS and SS come from STAR, whatever the frame says
    (bvult frame_ip constant_TASK_SIZE_MAX) ; Intel faults in ring 0, on the users stack, on a RIP that is not canonical: INV-88
    (= (bvand frame_flags (bvor constant_RF constant_TF)) #x0000000000000000) ; SYSRET cannot restore RF, and traps before the users first instruction on TF: INV-89
    (not feature_XENPV) ; a Xen PV guest cannot execute SYSRET
  ))
(declare-const frame_sp (_ BitVec 64))

; 60: sysretq
(push 1)
(assert condition_sysret_applies)
(echo "sysretq is reached")
(check-sat)
(echo "RIP is canonical, so that SYSRET does not fault in ring 0")
(push 1)
(assert (not (= frame_cx ((_ sign_extend 16) ((_ extract 47 0) frame_cx)))))
(check-sat)
(pop 1)
(echo "RIP is not in the last page below the canonical hole")
(push 1)
(assert (not (bvult frame_cx #x00007ffffffff000)))
(check-sat)
(pop 1)
(echo "RIP is what IRET gives")
(push 1)
(assert (not (= frame_cx frame_ip)))
(check-sat)
(pop 1)
(echo "CS is what IRET gives")
(push 1)
(assert (not (= ((_ extract 15 0) (bvor constant_USER_CS #x0000000000000003)) ((_ extract 15 0) frame_cs))))
(check-sat)
(pop 1)
(echo "SS is what IRET gives")
(push 1)
(assert (not (= ((_ extract 15 0) (bvor (bvsub constant_USER_CS #x0000000000000008) #x0000000000000003)) ((_ extract 15 0) frame_ss))))
(check-sat)
(pop 1)
(echo "RFLAGS is what IRET gives")
(push 1)
(assert (not (= (bvor (bvand frame_r11 #x00000000003c7fd7) #x0000000000000002) (bvor (bvand frame_flags #x00000000003d7fd7) #x0000000000000002))))
(check-sat)
(pop 1)
(echo "RSP is what IRET gives")
(push 1)
(assert (not (= frame_sp frame_sp)))
(check-sat)
(pop 1)
(echo "no debug trap comes before the first instruction of user mode")
(push 1)
(assert (not (= (bvand frame_r11 #x0000000000000100) #x0000000000000000)))
(check-sat)
(pop 1)
(pop 1)
