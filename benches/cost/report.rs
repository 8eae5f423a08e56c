//! Where results go: the terminal, and their place in `BENCHMARKS.md`.

const FILE: &str = "BENCHMARKS.md";

/// Prints `text`, and puts it between the marks of `section` in the file.
pub fn put(section: &str, text: &str) {
    println!("\n{text}");
    let (open, close) = (format!("<!-- {section} -->"), format!("<!-- end of {section} -->"));
    let file = std::fs::read_to_string(FILE).expect(FILE);
    let (before, rest) = file.split_once(&open).unwrap_or_else(|| panic!("{FILE} has no place for {section}"));
    let (_, after) = rest.split_once(&close).unwrap_or_else(|| panic!("{FILE} does not say where {section} ends"));
    std::fs::write(FILE, format!("{before}{open}\n{}\n{close}{after}", text.trim_end())).expect(FILE);
}

/// 1234567 as 1,234,567.
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> = digits.as_bytes().rchunks(3).rev().map(|group| std::str::from_utf8(group).expect("digits")).collect();
    groups.join(",")
}

/// The machine in words, as far as it says so itself.
pub fn machine() -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let cpuinfo = read("/proc/cpuinfo");
    let model = cpuinfo.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": ")).map_or("an unknown processor", |(_, model)| model);
    let cores = cpuinfo.lines().filter(|line| line.starts_with("processor")).count();
    let memory = read("/proc/meminfo").lines().find_map(|line| line.strip_prefix("MemTotal:")?.trim().strip_suffix(" kB")?.parse::<u64>().ok()).unwrap_or(0);
    let virtual_ = if cpuinfo.contains(" hypervisor") { ", a virtual machine that shares its host" } else { "" };
    let kernel = read("/proc/sys/kernel/osrelease");
    let kernel: String = kernel.split('.').take(2).collect::<Vec<_>>().join(".");
    format!("{model}, {cores} cores, {} GiB{virtual_}; Linux {kernel}", memory / 1024 / 1024)
}
