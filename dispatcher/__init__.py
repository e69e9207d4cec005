"""叫应: call the person responsible for every grid until a human has answered."""
