"""Local disks as RAID0 scratch: inventory (what is there), plan (pure), execute (small)."""
