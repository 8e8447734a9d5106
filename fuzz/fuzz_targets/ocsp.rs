#![no_main]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| connprobe::fuzzing::run("ocsp", bytes));
