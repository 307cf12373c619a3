"""Development identity and payments: processes of their own, reached by HTTP only, imported by nobody."""
