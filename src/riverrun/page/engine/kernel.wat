;; The arithmetic of a step, in vectors of four float32. Addresses are bytes. Every vector has room for whole
;; blocks behind its end, so that loops run over blocks of 4 units and panels of 32 rows.
(module
  (import "page" "memory" (memory 1))

  ;; out = start + W x. W lies in panels of 32 rows: for each column the 32 numbers of those rows.
  (func (export "product")
    (param $weights i32) (param $x i32) (param $start i32) (param $out i32) (param $columns i32) (param $panels i32)
    (local $given i32) (local $end i32) (local $one v128)
    (local $a v128) (local $b v128) (local $c v128) (local $d v128)
    (local $e v128) (local $f v128) (local $g v128) (local $h v128)
    (local.set $end (i32.add (local.get $x) (i32.shl (local.get $columns) (i32.const 2))))
    (loop $panel
      (local.set $a (v128.load offset=0 (local.get $start)))
      (local.set $b (v128.load offset=16 (local.get $start)))
      (local.set $c (v128.load offset=32 (local.get $start)))
      (local.set $d (v128.load offset=48 (local.get $start)))
      (local.set $e (v128.load offset=64 (local.get $start)))
      (local.set $f (v128.load offset=80 (local.get $start)))
      (local.set $g (v128.load offset=96 (local.get $start)))
      (local.set $h (v128.load offset=112 (local.get $start)))
      (local.set $given (local.get $x))
      (loop $column
        (local.set $one (v128.load32_splat (local.get $given)))
        (local.set $a (f32x4.add (local.get $a) (f32x4.mul (local.get $one) (v128.load offset=0 (local.get $weights)))))
        (local.set $b (f32x4.add (local.get $b) (f32x4.mul (local.get $one) (v128.load offset=16 (local.get $weights)))))
        (local.set $c (f32x4.add (local.get $c) (f32x4.mul (local.get $one) (v128.load offset=32 (local.get $weights)))))
        (local.set $d (f32x4.add (local.get $d) (f32x4.mul (local.get $one) (v128.load offset=48 (local.get $weights)))))
        (local.set $e (f32x4.add (local.get $e) (f32x4.mul (local.get $one) (v128.load offset=64 (local.get $weights)))))
        (local.set $f (f32x4.add (local.get $f) (f32x4.mul (local.get $one) (v128.load offset=80 (local.get $weights)))))
        (local.set $g (f32x4.add (local.get $g) (f32x4.mul (local.get $one) (v128.load offset=96 (local.get $weights)))))
        (local.set $h (f32x4.add (local.get $h) (f32x4.mul (local.get $one) (v128.load offset=112 (local.get $weights)))))
        (local.set $weights (i32.add (local.get $weights) (i32.const 128)))
        (local.set $given (i32.add (local.get $given) (i32.const 4)))
        (br_if $column (i32.ne (local.get $given) (local.get $end))))
      (v128.store offset=0 (local.get $out) (local.get $a))
      (v128.store offset=16 (local.get $out) (local.get $b))
      (v128.store offset=32 (local.get $out) (local.get $c))
      (v128.store offset=48 (local.get $out) (local.get $d))
      (v128.store offset=64 (local.get $out) (local.get $e))
      (v128.store offset=80 (local.get $out) (local.get $f))
      (v128.store offset=96 (local.get $out) (local.get $g))
      (v128.store offset=112 (local.get $out) (local.get $h))
      (local.set $start (i32.add (local.get $start) (i32.const 128)))
      (local.set $out (i32.add (local.get $out) (i32.const 128)))
      (br_if $panel (local.tee $panels (i32.sub (local.get $panels) (i32.const 1))))))

  ;; Hyperbolic tangent to 4e-7: the rational approximation of Eigen (ptanh_float), as in the compiled decoder.
  (func $tanh (param $x v128) (result v128)
    (local $s v128)
    (local.set $x (f32x4.pmin (f32x4.splat (f32.const 7.90531110763549805))
      (f32x4.pmax (f32x4.splat (f32.const -7.90531110763549805)) (local.get $x))))
    (local.set $s (f32x4.mul (local.get $x) (local.get $x)))
    (f32x4.div
      (f32x4.mul (local.get $x)
        (f32x4.add (f32x4.splat (f32.const 4.89352455891786e-03)) (f32x4.mul (local.get $s)
        (f32x4.add (f32x4.splat (f32.const 6.37261928875436e-04)) (f32x4.mul (local.get $s)
        (f32x4.add (f32x4.splat (f32.const 1.48572235717979e-05)) (f32x4.mul (local.get $s)
        (f32x4.add (f32x4.splat (f32.const 5.12229709037114e-08)) (f32x4.mul (local.get $s)
        (f32x4.add (f32x4.splat (f32.const -8.60467152213735e-11)) (f32x4.mul (local.get $s)
        (f32x4.add (f32x4.splat (f32.const 2.00018790482477e-13)) (f32x4.mul (local.get $s)
          (f32x4.splat (f32.const -2.76076847742355e-16)))))))))))))))
      (f32x4.add (f32x4.splat (f32.const 4.89352518554385e-03)) (f32x4.mul (local.get $s)
      (f32x4.add (f32x4.splat (f32.const 2.26843463243900e-03)) (f32x4.mul (local.get $s)
      (f32x4.add (f32x4.splat (f32.const 1.18534705686654e-04)) (f32x4.mul (local.get $s)
        (f32x4.splat (f32.const 1.19825839466702e-06))))))))))

  ;; The logistic function, through tanh, which cannot overflow.
  (func $sigmoid (param $x v128) (result v128)
    (f32x4.add (f32x4.splat (f32.const 0.5)) (f32x4.mul (f32x4.splat (f32.const 0.5))
      (call $tanh (f32x4.mul (f32x4.splat (f32.const 0.5)) (local.get $x))))))

  ;; Gates [4, width]: input, forget, content, output. The cells change, the hidden units are written.
  (func (export "lstm") (param $gates i32) (param $cells i32) (param $hidden i32) (param $width i32)
    (local $row i32) (local $end i32) (local $forget i32) (local $content i32) (local $last i32) (local $cell v128)
    (local.set $row (i32.shl (local.get $width) (i32.const 2)))
    (local.set $end (i32.add (local.get $gates) (local.get $row)))
    (loop $units
      (local.set $forget (i32.add (local.get $gates) (local.get $row)))
      (local.set $content (i32.add (local.get $forget) (local.get $row)))
      (local.set $last (i32.add (local.get $content) (local.get $row)))
      (local.set $cell (f32x4.add
        (f32x4.mul (call $sigmoid (v128.load (local.get $forget))) (v128.load (local.get $cells)))
        (f32x4.mul (call $sigmoid (v128.load (local.get $gates))) (call $tanh (v128.load (local.get $content))))))
      (v128.store (local.get $cells) (local.get $cell))
      (v128.store (local.get $hidden)
        (f32x4.mul (call $sigmoid (v128.load (local.get $last))) (call $tanh (local.get $cell))))
      (local.set $gates (i32.add (local.get $gates) (i32.const 16)))
      (local.set $cells (i32.add (local.get $cells) (i32.const 16)))
      (local.set $hidden (i32.add (local.get $hidden) (i32.const 16)))
      (br_if $units (i32.lt_u (local.get $gates) (local.get $end)))))

  ;; Given and kept [3, width]: reset, update, content. The hidden units change.
  (func (export "gru") (param $given i32) (param $kept i32) (param $hidden i32) (param $width i32)
    (local $row i32) (local $end i32) (local $two i32) (local $update v128) (local $content v128)
    (local.set $row (i32.shl (local.get $width) (i32.const 2)))
    (local.set $two (i32.shl (local.get $width) (i32.const 3)))
    (local.set $end (i32.add (local.get $given) (local.get $row)))
    (loop $units
      (local.set $update (call $sigmoid (f32x4.add
        (v128.load (i32.add (local.get $given) (local.get $row)))
        (v128.load (i32.add (local.get $kept) (local.get $row))))))
      (local.set $content (call $tanh (f32x4.add
        (v128.load (i32.add (local.get $given) (local.get $two)))
        (f32x4.mul
          (call $sigmoid (f32x4.add (v128.load (local.get $given)) (v128.load (local.get $kept))))
          (v128.load (i32.add (local.get $kept) (local.get $two)))))))
      (v128.store (local.get $hidden) (f32x4.add (local.get $content)
        (f32x4.mul (local.get $update) (f32x4.sub (v128.load (local.get $hidden)) (local.get $content)))))
      (local.set $given (i32.add (local.get $given) (i32.const 16)))
      (local.set $kept (i32.add (local.get $kept) (i32.const 16)))
      (local.set $hidden (i32.add (local.get $hidden) (i32.const 16)))
      (br_if $units (i32.lt_u (local.get $given) (local.get $end)))))

  ;; Content and gate [2, width] to their product.
  (func (export "gated") (param $both i32) (param $mixed i32) (param $width i32)
    (local $row i32) (local $end i32)
    (local.set $row (i32.shl (local.get $width) (i32.const 2)))
    (local.set $end (i32.add (local.get $both) (local.get $row)))
    (loop $units
      (v128.store (local.get $mixed) (f32x4.mul
        (call $tanh (v128.load (local.get $both)))
        (call $sigmoid (v128.load (i32.add (local.get $both) (local.get $row))))))
      (local.set $both (i32.add (local.get $both) (i32.const 16)))
      (local.set $mixed (i32.add (local.get $mixed) (i32.const 16)))
      (br_if $units (i32.lt_u (local.get $both) (local.get $end)))))

  ;; Hyperbolic tangent in place.
  (func (export "squash") (param $x i32) (param $length i32)
    (local $end i32)
    (local.set $end (i32.add (local.get $x) (i32.shl (local.get $length) (i32.const 2))))
    (loop $units
      (v128.store (local.get $x) (call $tanh (v128.load (local.get $x))))
      (local.set $x (i32.add (local.get $x) (i32.const 16)))
      (br_if $units (i32.lt_u (local.get $x) (local.get $end)))))
)
