module door

go 1.26
