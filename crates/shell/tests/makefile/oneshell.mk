# The whole recipe is one script.
.ONESHELL:
.SHELLFLAGS = -ec

all:
	@cd /
	pwd
	list="a
	  b"
	for word in $$list; do
	  echo "<$$word>"
	done
	cat <<-END
		text $$((1 + 1)) $@
		END
	f() { local x=1; echo "f $$x $$*"; }
	f a 'b  c'
	x=$$(f d); echo "$$x"
	false
	echo never
